import type { Leg, SessionState } from "./session.ts";

/** How long a session may last; all in milliseconds. */
export interface Bounds {
  /** Without a packet on any stream, from either side. */
  readonly silence: number;
  /** Without an answer. */
  readonly unanswered: number;
  /** In any case. */
  readonly longest: number;
  /** Packets per second from one side of a stream at most. */
  readonly rate: number;
}

/** When things happened to a session, in milliseconds of the clock. */
export interface Activity {
  readonly began: number;
  /** The last offer, answer or refusal. */
  readonly signalled: number;
  /** The last packet on any stream; absent before the first. */
  readonly packet?: number;
  /** Packets per second on the busiest stream of one side, since the last look. */
  readonly rate: number;
}

export type Ending = "silence" | "unanswered" | "longest" | "flood";

/** No packets are expected: each relayed stream is held by one of its sides, or there is none. */
export function isHeld(leg: Leg): boolean {
  const { agreed } = leg;
  if (agreed === undefined) return false;
  return agreed.facing.caller.every(
    (pair, media) =>
      pair === undefined ||
      agreed.described.caller.streams[media]?.held === true ||
      agreed.described.callee.streams[media]?.held === true,
  );
}

/** Why the session is over; undefined while it may live. */
export function endingOf(state: SessionState, activity: Activity, bounds: Bounds, now: number): Ending | undefined {
  if (now - activity.began >= bounds.longest) return "longest";
  // Descriptions of two relays that name each other's ports have a packet go round for ever; nobody talks as fast.
  if (activity.rate > bounds.rate) return "flood";
  const answered = state.legs.filter((leg) => leg.agreed !== undefined);
  if (answered.length === 0) return now - activity.signalled >= bounds.unanswered ? "unanswered" : undefined;
  if (answered.every(isHeld)) return undefined;
  const last = Math.max(activity.signalled, activity.packet ?? 0);
  return now - last >= bounds.silence ? "silence" : undefined;
}
