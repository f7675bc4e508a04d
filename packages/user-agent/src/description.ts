import { latin1 } from "@sipmesh/environment";
import type { Law } from "@sipmesh/rtp";
import { type Direction, type Place, parse, parseMediaLine, SdpError, type Stream, streamsOf } from "@sipmesh/sdp";

/** Our side of a session. */
export interface LocalMedia {
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
  /** Of the `o=` line: the same for the whole call, the version counts up. */
  readonly sessionId: number;
  readonly version: number;
  /** Best first. */
  readonly laws: readonly Law[];
  readonly direction: Direction;
}

/** The peer's side, as far as it concerns audio in G.711. */
export interface RemoteMedia {
  /** Where the peer wants to receive; undefined: nowhere now. */
  readonly place: Place | undefined;
  readonly rtcp: Place | undefined;
  /** In the peer's order. */
  readonly laws: readonly Law[];
  /** Seen from the peer. */
  readonly direction: Direction;
  /** The media section that this is, and what the others are, for an answer in the same order. */
  readonly index: number;
  readonly sections: readonly { readonly kind: string; readonly protocol: string; readonly format: string }[];
}

const payloadTypes: Readonly<Record<Law, number>> = { PCMU: 0, PCMA: 8 };

export function payloadTypeOf(law: Law): number {
  return payloadTypes[law];
}

export function offerOf(media: LocalMedia): Uint8Array {
  return latin1.encode(`${session(media)}${audio(media)}`);
}

/** An answer has the sections of its offer; those that we do not take have port 0 (RFC 3264 section 6). */
export function answerOf(media: LocalMedia, offer: RemoteMedia): Uint8Array {
  const sections = offer.sections.map(({ kind, protocol, format }, index) =>
    index === offer.index ? audio(media) : `m=${kind} 0 ${protocol} ${format}\r\n`,
  );
  return latin1.encode(session(media) + sections.join(""));
}

/** The direction that answers another (RFC 3264 section 6.1), if we hold the call or not. */
export function answeringDirection(offered: Direction, holding: boolean): Direction {
  const hears = (offered === "sendrecv" || offered === "sendonly") && !holding;
  const speaks = offered === "sendrecv" || offered === "recvonly";
  if (hears) return speaks ? "sendrecv" : "recvonly";
  return speaks ? "sendonly" : "inactive";
}

/** Undefined: no session description, or none with audio that we speak (488). */
export function readMedia(body: Uint8Array): RemoteMedia | undefined {
  try {
    const description = parse(latin1.decode(body, 0, body.length));
    const streams = streamsOf(description);
    const index = streams.findIndex(
      (stream) => !stream.refused && stream.kind === "audio" && lawsOf(stream).length > 0,
    );
    const stream = streams[index];
    if (stream === undefined) return undefined;
    const sections = description.media.map((section) => {
      const line = parseMediaLine(section[0]?.value ?? "");
      return { kind: line.kind, protocol: line.protocol, format: line.formats[0] ?? "0" };
    });
    const { direction, media, rtcp } = stream;
    return { place: media, rtcp, laws: lawsOf(stream), direction, index, sections };
  } catch (error) {
    if (error instanceof SdpError) return undefined;
    throw error;
  }
}

function lawsOf(stream: Stream): Law[] {
  if (stream.protocol.toUpperCase() !== "RTP/AVP") return [];
  return stream.encodings.flatMap(({ payloadType, name }) => {
    const law = name.toUpperCase();
    return (law === "PCMU" || law === "PCMA") && payloadType === payloadTypes[law] ? [law] : [];
  });
}

function session({ address, sessionId, version }: LocalMedia): string {
  const family = address.includes(":") ? "IP6" : "IP4";
  return (
    `v=0\r\no=- ${sessionId} ${version} IN ${family} ${address}\r\ns=-\r\n` + `c=IN ${family} ${address}\r\nt=0 0\r\n`
  );
}

function audio({ port, rtcpPort, laws, direction }: LocalMedia): string {
  const types = laws.map((law) => payloadTypes[law]);
  const maps = laws.map((law) => `a=rtpmap:${payloadTypes[law]} ${law}/8000\r\n`).join("");
  return `m=audio ${port} RTP/AVP ${types.join(" ")}\r\n${maps}a=rtcp:${rtcpPort}\r\na=ptime:20\r\na=${direction}\r\n`;
}
