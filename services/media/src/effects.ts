import type { Stream } from "@sipmesh/sdp";
import type { Leg, PortPair, SessionState, Side } from "./session.ts";
import { portsOf } from "./session.ts";

/** One end of a relayed stream. */
export interface EndPlan {
  /** The ports that this side sends to. */
  readonly pair: PortPair;
  readonly stream: Stream;
  readonly source: string;
}

/** What a change of a session asks of its surroundings. */
export type MediaEffect =
  | {
      /** Relay this stream so from now on. */
      readonly type: "wire";
      readonly leg: Leg;
      readonly media: number;
      readonly ends: Readonly<Record<Side, EndPlan>>;
    }
  | { readonly type: "unwire"; readonly leg: Leg; readonly media: number }
  | { readonly type: "release"; readonly pair: PortPair }
  /** The description to pass on. */
  | { readonly type: "tell"; readonly sdp: string };

export interface Step {
  readonly state: SessionState;
  readonly effects: readonly MediaEffect[];
}

/** A relayed stream of a leg: which ports, and what its ends said. */
function wiresOf(leg: Leg): Map<number, Readonly<Record<Side, EndPlan>>> {
  const wires = new Map<number, Readonly<Record<Side, EndPlan>>>();
  const { agreed } = leg;
  if (agreed === undefined) return wires;
  const end = (side: Side, media: number): EndPlan | undefined => {
    const pair = agreed.facing[side][media];
    const stream = agreed.described[side].streams[media];
    return pair && stream && { pair, stream, source: agreed.described[side].source };
  };
  for (const media of agreed.facing.caller.keys()) {
    const caller = end("caller", media);
    const callee = end("callee", media);
    if (caller !== undefined && callee !== undefined) wires.set(media, { caller, callee });
  }
  return wires;
}

/** What must change around the session for `after` to hold in place of `before`. */
export function differences(before: SessionState, after: SessionState): MediaEffect[] {
  const effects: MediaEffect[] = [];
  for (const leg of before.legs) {
    const now = after.legs.find((other) => other.branch === leg.branch && other.calleeTag === leg.calleeTag);
    const kept = now === undefined ? undefined : wiresOf(now);
    for (const media of wiresOf(leg).keys()) if (!kept?.has(media)) effects.push({ type: "unwire", leg, media });
  }
  for (const leg of after.legs) {
    const was = before.legs.find((other) => other.branch === leg.branch && other.calleeTag === leg.calleeTag);
    if (was?.agreed === leg.agreed) continue;
    for (const [media, ends] of wiresOf(leg)) effects.push({ type: "wire", leg, media, ends });
  }
  const held = portsOf(after);
  for (const pair of portsOf(before)) if (!held.has(pair)) effects.push({ type: "release", pair });
  return effects;
}
