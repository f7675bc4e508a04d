import { differences, type Step } from "./effects.ts";
import {
  type DescriptionEvent,
  ExchangeError,
  facingOf,
  type Need,
  needsOf,
  type Opened,
  relayable,
  tell,
} from "./exchange.ts";
import {
  type Facing,
  findBranch,
  findLeg,
  type Leg,
  otherSide,
  type PendingOffer,
  type SessionState,
  type Side,
  withLeg,
  withoutOffer,
} from "./session.ts";

/** What an answer completes. */
interface Completed {
  readonly leg: Leg;
  readonly offer: PendingOffer;
  /** Who made the offer. */
  readonly from: Side;
  /** The ports that the offerer sent to before. */
  readonly present: Facing | undefined;
}

/**
 * The offer that is answered: of the leg; for the first answer of a tag, of its branch, where it stays for other tags;
 * and for an answer that comes again (a 183, then the 200) the one that was answered before.
 */
function completed(state: SessionState, event: DescriptionEvent): Completed {
  const from = otherSide(event.from);
  const known = findLeg(state, event.leg);
  const branch = findBranch(state, event.leg);
  const leg: Leg | undefined =
    known ?? (branch && { branch: branch.branch, calleeTag: event.leg.calleeTag, pending: {}, told: branch.told });
  if (leg !== undefined) {
    const present = leg.agreed?.facing[from];
    const pending = leg.pending[from];
    if (pending !== undefined) return { leg, offer: pending, from, present };
    if (leg.agreed !== undefined) {
      const again = { described: leg.agreed.described[from], facing: leg.agreed.facing[event.from] };
      return { leg, offer: again, from, present };
    }
    const offered = branch?.pending[from];
    if (offered !== undefined) return { leg, offer: offered, from, present };
  }
  throw new ExchangeError(
    "no-offer",
    "an answer without an offer: the session is not known here, or was answered by the same side",
  );
}

/** Streams that both sides take part in (RFC 3264 §6: the n-th of the answer belongs to the n-th of the offer). */
function shared(offer: PendingOffer, event: DescriptionEvent): boolean[] {
  return event.streams.map((stream, media) => {
    const offered = offer.described.streams[media];
    return offered !== undefined && relayable(offered) && relayable(stream) && offer.facing[media] !== undefined;
  });
}

/** The ports that must be opened for an answer: one pair for each stream that the offerer will send. */
export function portsForAnswer(state: SessionState, event: DescriptionEvent): Need[] {
  const { offer, present } = completed(state, event);
  return needsOf(shared(offer, event), present, event.bind);
}

/**
 * An answer (RFC 3264 §6): from now on media is relayed as the two descriptions say.
 *
 * @throws ExchangeError `no-offer`, `too-many-legs`
 */
export function answer(state: SessionState, event: DescriptionEvent, opened: Opened, maximumLegs: number): Step {
  const { leg, offer, from, present } = completed(state, event);
  const wanted = shared(offer, event);
  const facing = facingOf(wanted, present, event.bind, opened);
  const told = tell(event, facing, "answer", leg.told[from]);
  const answered = { streams: event.streams, source: event.source };
  const record = <T>(ofOfferer: T, ofAnswerer: T): Record<Side, T> =>
    from === "caller" ? { caller: ofOfferer, callee: ofAnswerer } : { caller: ofAnswerer, callee: ofOfferer };
  const repeated = leg.pending[from] === undefined && told.text === leg.told[from]?.text;
  const after = withLeg(state, {
    branch: leg.branch,
    calleeTag: leg.calleeTag,
    pending: withoutOffer(leg.pending, from),
    // The same answer again settles nothing anew, so the relay does not learn its peers anew.
    agreed:
      repeated && leg.agreed !== undefined
        ? leg.agreed
        : {
            described: record(offer.described, answered),
            facing: record(
              facing,
              wanted.map((is, media) => (is ? offer.facing[media] : undefined)),
            ),
          },
    told: { ...leg.told, [from]: told },
  });
  if (after.legs.length > maximumLegs) {
    throw new ExchangeError("too-many-legs", `more than ${maximumLegs} legs of one call`);
  }
  return { state: after, effects: [...differences(state, after), { type: "tell", sdp: told.text }] };
}
