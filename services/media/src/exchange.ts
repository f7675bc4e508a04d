import {
  continued,
  type RelayPlace,
  relayed,
  type SessionDescription,
  type Stream,
  serialise,
  type Told,
} from "@sipmesh/sdp";
import type { Facing, LegName, PortPair, Side } from "./session.ts";

/** An offer or an answer as it reaches the session. */
export interface DescriptionEvent {
  readonly leg: LegName;
  /** Who made it. */
  readonly from: Side;
  readonly description: SessionDescription;
  readonly streams: readonly Stream[];
  readonly source: string;
  /** The local address of the relay that faces who will receive it. */
  readonly bind: string;
}

/** Ports that must be opened before the session can take an event. */
export interface Need {
  readonly media: number;
  readonly bind: string;
}

/** Ports that were opened for needs, by media index. */
export type Opened = ReadonlyMap<number, PortPair>;

/** Why a session cannot take an event. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
  readonly code: "no-offer" | "too-many-legs";

  constructor(code: "no-offer" | "too-many-legs", message: string) {
    super(message);
    this.code = code;
  }
}

/** Where ports are needed that `present` does not give: a stream that is relayed, without ports on that address. */
export function needsOf(wanted: readonly boolean[], present: Facing | undefined, bind: string): Need[] {
  return wanted.flatMap((is, media) => (is && present?.[media]?.bind !== bind ? [{ media, bind }] : []));
}

/** The ports that stay and the ones just opened. */
export function facingOf(
  wanted: readonly boolean[],
  present: Facing | undefined,
  bind: string,
  opened: Opened,
): Facing {
  return wanted.map((is, media) => {
    if (!is) return undefined;
    const kept = present?.[media];
    return kept?.bind === bind ? kept : opened.get(media);
  });
}

/** A stream that the relay takes: not refused, and carried by datagrams. */
export function relayable(stream: Stream): boolean {
  return !stream.refused && stream.overUdp;
}

/**
 * The description as it is passed on: with the relay's ports, and a version in `o=` that follows what this receiver was
 * told before.
 */
export function tell(event: DescriptionEvent, facing: Facing, kind: "offer" | "answer", told: Told | undefined): Told {
  const places = event.streams.map((stream, media): RelayPlace | undefined => {
    const pair = facing[media];
    if (pair === undefined) return undefined;
    // RFC 5761 §5.1.1: only the answer settles that RTCP comes on the port of RTP.
    const rtcpPort = kind === "answer" && stream.mux ? pair.port : pair.port + 1;
    return { address: pair.advertise, port: pair.port, rtcpPort };
  });
  return { text: serialise(continued(relayed(event.description, places), told)) };
}
