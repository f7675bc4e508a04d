import { differences, type Step } from "./effects.ts";
import { findLeg, type LegName, type SessionState, type Side, withLeg, withoutOffer } from "./session.ts";

/**
 * The offer was refused (RFC 3264 §8: what was agreed before holds). Where the INVITE itself was refused, its branch is
 * over with every early dialog on it.
 *
 * @param from who made the offer
 */
export function reject(state: SessionState, name: LegName, from: Side): Step {
  const leg = findLeg(state, name);
  if (leg?.pending[from] !== undefined && leg.calleeTag !== "") {
    const pending = withoutOffer(leg.pending, from);
    const over = leg.agreed === undefined && pending.caller === undefined && pending.callee === undefined;
    const after = over ? { legs: state.legs.filter((other) => other !== leg) } : withLeg(state, { ...leg, pending });
    return { state: after, effects: differences(state, after) };
  }
  const refused =
    leg?.calleeTag === "" || state.legs.some((other) => other.branch === name.branch && other.calleeTag === "");
  if (!refused) return { state, effects: [] };
  const after = { legs: state.legs.filter((other) => other.branch !== name.branch) };
  return { state: after, effects: differences(state, after) };
}
