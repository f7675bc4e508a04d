import { differences, type Step } from "./effects.ts";
import { findLeg, type LegName, type SessionState, withLeg } from "./session.ts";

/**
 * The offer was refused (RFC 3264 §8: what was agreed before holds). Where the INVITE itself was refused, its branch is
 * over with every early dialog on it.
 */
export function reject(state: SessionState, name: LegName): Step {
  const leg = findLeg(state, name);
  if (leg?.pending !== undefined && leg.calleeTag !== "") {
    const { pending: _, ...settled } = leg;
    const after =
      leg.agreed === undefined ? { legs: state.legs.filter((other) => other !== leg) } : withLeg(state, settled);
    return { state: after, effects: differences(state, after) };
  }
  const refused =
    leg?.calleeTag === "" || state.legs.some((other) => other.branch === name.branch && other.calleeTag === "");
  if (!refused) return { state, effects: [] };
  const after = { legs: state.legs.filter((other) => other.branch !== name.branch) };
  return { state: after, effects: differences(state, after) };
}
