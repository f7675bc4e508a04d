import { ipVersion, isMulticast, isUnspecified } from "./address.ts";
import { addressOf } from "./connection.ts";
import type { Section, SessionDescription } from "./description.ts";
import { type Direction, directionOf } from "./direction.ts";
import { SdpError } from "./error.ts";
import { parseMediaLine } from "./media-line.ts";
import { muxOf, rtcpOf } from "./rtcp.ts";
import { type Encoding, encodingsOf } from "./rtp-map.ts";

/** Address and port of a transport; the address as it stands in the description (an IP literal or a domain name). */
export interface Place {
  readonly address: string;
  readonly port: number;
}

/** One media section as a relay sees it: where its sender wants to receive, and how. */
export interface Stream {
  readonly kind: string;
  readonly protocol: string;
  /** Port 0: the stream is refused or gone (RFC 3264 §6, §8.2). */
  readonly refused: boolean;
  /** True for RTP in all its profiles, also secured; false for T.38 over UDPTL and the like. */
  readonly rtp: boolean;
  /** Datagrams carry it: a relay can take it. */
  readonly overUdp: boolean;
  /** Where media is to be sent; undefined where nothing can be (refused, unspecified, multicast, a name). */
  readonly media: Place | undefined;
  /** Where RTCP is to be sent, unless both sides want it on the port of RTP. */
  readonly rtcp: Place | undefined;
  /** RFC 5761: it wants RTCP on the port of RTP. */
  readonly mux: boolean;
  readonly direction: Direction;
  /**
   * Its sender wants to receive nothing now: sendonly, inactive, or the unspecified address of RFC 2543 (RFC 3264
   * §8.4). Silence towards it is no sign of death.
   */
  readonly held: boolean;
  readonly encodings: readonly Encoding[];
}

function sendable(address: string, port: number): Place | undefined {
  if (port === 0 || ipVersion(address) === undefined || isUnspecified(address) || isMulticast(address))
    return undefined;
  return { address, port };
}

function streamOf(section: Section, session: Section): Stream {
  const first = section[0];
  if (first === undefined) throw new SdpError("bad-media-line", "a media section starts with m=");
  const line = parseMediaLine(first.value);
  const address = addressOf(section) ?? addressOf(session);
  if (address === undefined && line.port !== 0) {
    throw new SdpError(
      "bad-connection-line",
      "neither the session nor the media section has a c= line (RFC 8866 section 5.7)",
    );
  }
  const at = address ?? "";
  const direction = directionOf(section, session);
  const rtcp = rtcpOf(section);
  const protocol = line.protocol.toUpperCase();
  const rtp = protocol.split("/").includes("RTP") && !protocol.startsWith("TCP/");
  const refused = line.port === 0;
  return {
    kind: line.kind,
    protocol: line.protocol,
    refused,
    rtp,
    overUdp: rtp || protocol === "UDPTL" || protocol === "UDP" || protocol.startsWith("UDP/"),
    media: sendable(at, line.port),
    rtcp: refused || !rtp ? undefined : sendable(rtcp?.address ?? at, rtcp?.port ?? line.port + 1),
    mux: muxOf(section),
    direction,
    held: !refused && (direction === "sendonly" || direction === "inactive" || isUnspecified(at)),
    encodings: rtp ? encodingsOf(section) : [],
  };
}

/**
 * The streams of a description, one for each `m=` line, in order: the order is what matches an answer to its offer
 * (RFC 3264 §6).
 *
 * @throws SdpError `bad-media-line`, `bad-connection-line`
 */
export function streamsOf(description: SessionDescription): Stream[] {
  return description.media.map((section) => streamOf(section, description.session));
}
