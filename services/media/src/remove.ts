import { differences, type Step } from "./effects.ts";
import { findLeg, type LegName, type SessionState } from "./session.ts";

/**
 * Ends legs: that of a tag, all of a branch (empty tag), or all of the call (both empty). With the last dialog of a
 * branch goes what the branch still offers.
 */
export function remove(state: SessionState, name: LegName): Step {
  const leg = findLeg(state, name);
  let legs: SessionState["legs"];
  if (name.calleeTag !== "") {
    legs = state.legs.filter((other) => other !== leg);
    const alive = legs.some((other) => other.branch === leg?.branch && other.calleeTag !== "");
    if (leg !== undefined && !alive) legs = legs.filter((other) => other.branch !== leg.branch);
  } else {
    legs = name.branch === "" ? [] : state.legs.filter((other) => other.branch !== name.branch);
  }
  return { state: { legs }, effects: differences(state, { legs }) };
}
