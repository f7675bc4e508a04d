import type { Stream, Told } from "@sipmesh/sdp";

/** Who sent the INVITE that opened the call, and who was called. */
export type Side = "caller" | "callee";

export function otherSide(side: Side): Side {
  return side === "caller" ? "callee" : "caller";
}

/** Two ports of the relay: an even one for RTP and the odd one above it for RTCP (RFC 3550 §11). */
export interface PortPair {
  /** The local address that both are bound to. */
  readonly bind: string;
  /** The address that peers are told. */
  readonly advertise: string;
  readonly port: number;
}

/** What one side said of itself in an offer or answer. */
export interface Described {
  readonly streams: readonly Stream[];
  /** Where its signalling came from; empty where that is not known. */
  readonly source: string;
}

/** By the index of the media section: the ports that one side sends to. Undefined: that stream is not relayed. */
export type Facing = readonly (PortPair | undefined)[];

/** What the last complete offer/answer exchange (RFC 3264) settled. */
export interface Agreement {
  readonly described: Readonly<Record<Side, Described>>;
  readonly facing: Readonly<Record<Side, Facing>>;
}

/** An offer that waits for its answer. */
export interface PendingOffer {
  readonly described: Described;
  /** The ports that were offered to the other side. */
  readonly facing: Facing;
}

/**
 * One dialog or early dialog of the call: a branch of the forked INVITE, and the tag of who answered on it. The leg
 * with the empty tag stands for the branch itself: it holds what was offered, for every tag that will answer.
 */
export interface Leg {
  readonly branch: string;
  readonly calleeTag: string;
  /**
   * By who made it. Two at once come about where an ACK with the answer to one is overtaken by a request with the other.
   */
  readonly pending: Readonly<Partial<Record<Side, PendingOffer>>>;
  readonly agreed?: Agreement;
  /** The description that each side was told last. */
  readonly told: Readonly<Partial<Record<Side, Told>>>;
}

/** The media of one call. Plain data. */
export interface SessionState {
  readonly legs: readonly Leg[];
}

export const emptySession: SessionState = { legs: [] };

/** Which leg a request means; either part may be empty. */
export interface LegName {
  readonly branch: string;
  readonly calleeTag: string;
}

export function sameLeg(leg: Leg, name: LegName): boolean {
  return leg.branch === name.branch && leg.calleeTag === name.calleeTag;
}

/**
 * The leg that is meant: of that branch and tag. A branch that is unknown is that of a later request of the dialog, so
 * the tag alone decides.
 */
export function findLeg(state: SessionState, name: LegName): Leg | undefined {
  const exact = state.legs.find((leg) => sameLeg(leg, name));
  if (exact !== undefined || name.calleeTag === "") return exact;
  // A call that passes here twice (a spiral, RFC 3261 §16.3) has the same tags on two branches.
  if (name.branch !== "" && state.legs.some((leg) => leg.branch === name.branch)) return undefined;
  return state.legs.find((leg) => leg.calleeTag === name.calleeTag);
}

/** What the branch offers to every tag that answers on it. */
export function findBranch(state: SessionState, name: LegName): Leg | undefined {
  const branches = state.legs.filter((leg) => leg.calleeTag === "");
  return name.branch === "" && branches.length === 1 ? branches[0] : branches.find((leg) => leg.branch === name.branch);
}

/** The offers that wait, without that of one side. */
export function withoutOffer(pending: Leg["pending"], from: Side): Leg["pending"] {
  const { [from]: _, ...rest } = pending;
  return rest;
}

export function withLeg(state: SessionState, leg: Leg): SessionState {
  const known = state.legs.some((other) => sameLeg(other, leg));
  return { legs: known ? state.legs.map((other) => (sameLeg(other, leg) ? leg : other)) : [...state.legs, leg] };
}

/** Every pair of ports that the session holds. */
export function portsOf(state: SessionState): Set<PortPair> {
  const held = new Set<PortPair>();
  for (const { pending, agreed } of state.legs) {
    for (const facing of [
      pending.caller?.facing,
      pending.callee?.facing,
      agreed?.facing.caller,
      agreed?.facing.callee,
    ]) {
      for (const pair of facing ?? []) if (pair !== undefined) held.add(pair);
    }
  }
  return held;
}
