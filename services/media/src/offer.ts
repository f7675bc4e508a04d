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
import { findBranch, findLeg, type Leg, otherSide, type SessionState, withLeg } from "./session.ts";

/** The leg that an offer belongs to, new where it is not known yet. */
function legFor(state: SessionState, event: DescriptionEvent): Leg {
  const known = findLeg(state, event.leg);
  if (known !== undefined) return known;
  const told = event.leg.calleeTag === "" ? {} : (findBranch(state, event.leg)?.told ?? {});
  return { ...event.leg, pending: {}, told };
}

/** Ports already there that the offer can go on with: those agreed, or those of an offer that is made again. */
function present(leg: Leg, event: DescriptionEvent) {
  return leg.agreed === undefined ? leg.pending[event.from]?.facing : leg.agreed.facing[otherSide(event.from)];
}

/** The ports that must be opened for an offer: one pair for each stream that the other side will send. */
export function portsForOffer(state: SessionState, event: DescriptionEvent): Need[] {
  return needsOf(event.streams.map(relayable), present(legFor(state, event), event), event.bind);
}

/**
 * An offer (RFC 3264 §5, §8): it waits beside what is agreed, which holds until the answer.
 *
 * @throws ExchangeError `too-many-legs`
 */
export function offer(state: SessionState, event: DescriptionEvent, opened: Opened, maximumLegs: number): Step {
  const leg = legFor(state, event);
  const to = otherSide(event.from);
  const facing = facingOf(event.streams.map(relayable), present(leg, event), event.bind, opened);
  const told = tell(event, facing, "offer", leg.told[to]);
  const described = { streams: event.streams, source: event.source };
  const after = withLeg(state, {
    ...leg,
    pending: { ...leg.pending, [event.from]: { described, facing } },
    told: { ...leg.told, [to]: told },
  });
  if (after.legs.length > maximumLegs) {
    throw new ExchangeError("too-many-legs", `more than ${maximumLegs} legs of one call`);
  }
  return { state: after, effects: [...differences(state, after), { type: "tell", sdp: told.text }] };
}
