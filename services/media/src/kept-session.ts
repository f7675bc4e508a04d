import type { Kept } from "./latch.ts";
import type { Leg, PortPair, SessionState } from "./session.ts";
import type { CallName } from "./sessions.ts";

/** What was received from one side of a stream, and where its packets come from. */
export interface KeptEnd {
  readonly rtp: Kept;
  readonly rtcp: Kept;
  readonly packets: number;
  readonly octets: number;
  readonly lost: number;
}

/** A relayed stream of a leg. */
export interface KeptStream {
  readonly branch: string;
  readonly calleeTag: string;
  readonly media: number;
  readonly caller: KeptEnd;
  readonly callee: KeptEnd;
}

/** All that another process needs to relay a call's media on, on the same ports. Plain data. */
export interface KeptSession {
  readonly name: CallName;
  /** Milliseconds since the epoch. */
  readonly began: number;
  /** Milliseconds since the epoch: the last offer, answer or refusal. */
  readonly signalled: number;
  readonly state: SessionState;
  readonly streams: readonly KeptStream[];
}

/** Grows where those who know the former form could misread the new one. */
const FORM = 1;

/** JSON, so that the next version reads what this one wrote, and people too. */
export function encodeSession(session: KeptSession): Uint8Array {
  return Buffer.from(JSON.stringify({ form: FORM, ...session }));
}

/** @throws Error where it is of another form, or none at all */
export function decodeSession(bytes: Uint8Array): KeptSession {
  const { form, ...session } = JSON.parse(Buffer.from(bytes).toString()) as KeptSession & { readonly form: number };
  if (form !== FORM) throw new Error(`a session is kept in the form ${form}, and ${FORM} is known here`);
  return { ...session, state: { legs: legsOf(session.state.legs) } };
}

/** JSON has no undefined, and two that held the same ports hold two of them. */
function legsOf(legs: readonly Leg[]): Leg[] {
  const known = new Map<string, PortPair>();
  const one = (pair: PortPair | null | undefined): PortPair | undefined => {
    if (pair === null || pair === undefined) return undefined;
    const place = `${pair.bind} ${pair.port}`;
    const same = known.get(place);
    if (same === undefined) known.set(place, pair);
    return same ?? pair;
  };
  return legs.map((leg) => {
    const { caller, callee } = leg.pending;
    return {
      ...leg,
      pending: {
        ...(caller && { caller: { ...caller, facing: caller.facing.map(one) } }),
        ...(callee && { callee: { ...callee, facing: callee.facing.map(one) } }),
      },
      ...(leg.agreed && {
        agreed: {
          ...leg.agreed,
          facing: { caller: leg.agreed.facing.caller.map(one), callee: leg.agreed.facing.callee.map(one) },
        },
      }),
    };
  });
}
