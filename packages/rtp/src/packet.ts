import { putUint16, putUint32, uint16, uint32 } from "./bytes.ts";

/** An RTP packet (RFC 3550 §5.1). */
export interface RtpPacket {
  /** 0…127 */
  readonly payloadType: number;
  readonly marker: boolean;
  /** 0…65535 */
  readonly sequenceNumber: number;
  /** In units of the payload's clock rate, 0…2³²−1. */
  readonly timestamp: number;
  /** Synchronisation source, 0…2³²−1. */
  readonly ssrc: number;
  readonly contributing?: readonly number[];
  /** RFC 3550 §5.3.1; its data is a multiple of 4 octets. */
  readonly extension?: { readonly profile: number; readonly data: Uint8Array };
  /** Without padding. */
  readonly payload: Uint8Array;
}

/** Octets of the fixed header. */
export const RTP_HEADER = 12;

/** Reads of the fixed header of a packet that `mediaPacketKind` calls RTP: nothing is allocated. */
export const payloadTypeOf = (bytes: Uint8Array): number => (bytes[1] ?? 0) & 0x7f;
export const sequenceNumberOf = (bytes: Uint8Array): number => uint16(bytes, 2);
export const timestampOf = (bytes: Uint8Array): number => uint32(bytes, 4);
export const ssrcOf = (bytes: Uint8Array): number => uint32(bytes, 8);

/**
 * Decodes an RTP packet; the payload is a view into `bytes`. Undefined where it is none.
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |V=2|P|X|  CC   |M|     PT      |       sequence number         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                           timestamp                           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           synchronization source (SSRC) identifier            |
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 * |            contributing source (CSRC) identifiers             |
 * |                             ....                              |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |      defined by profile       |      length in words (X=1)    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function decodeRtp(bytes: Uint8Array): RtpPacket | undefined {
  if (bytes.length < RTP_HEADER) return undefined;
  const first = bytes[0] ?? 0;
  if (first >> 6 !== 2) return undefined;
  const contributing: number[] = [];
  let at = RTP_HEADER;
  for (let left = first & 0x0f; left > 0; left--) {
    contributing.push(uint32(bytes, at));
    at += 4;
  }
  let extension: RtpPacket["extension"];
  if ((first & 0x10) !== 0) {
    const end = at + 4 + 4 * uint16(bytes, at + 2);
    if (end > bytes.length) return undefined;
    extension = { profile: uint16(bytes, at), data: bytes.subarray(at + 4, end) };
    at = end;
  }
  let end = bytes.length;
  if ((first & 0x20) !== 0) {
    // The last octet counts the padding, itself included.
    const padding = bytes[end - 1] ?? 0;
    if (padding === 0) return undefined;
    end -= padding;
  }
  if (at > end) return undefined;
  return {
    payloadType: payloadTypeOf(bytes),
    marker: ((bytes[1] ?? 0) & 0x80) !== 0,
    sequenceNumber: sequenceNumberOf(bytes),
    timestamp: timestampOf(bytes),
    ssrc: ssrcOf(bytes),
    ...(contributing.length > 0 ? { contributing } : {}),
    ...(extension === undefined ? {} : { extension }),
    payload: bytes.subarray(at, end),
  };
}

/** Encodes an RTP packet without padding. Numbers are taken modulo the width of their field. */
export function encodeRtp(packet: RtpPacket): Uint8Array {
  const contributing = packet.contributing ?? [];
  const { extension, payload } = packet;
  const extensionSize = extension === undefined ? 0 : 4 + extension.data.length;
  const bytes = new Uint8Array(RTP_HEADER + 4 * contributing.length + extensionSize + payload.length);
  bytes[0] = 0x80 | (extension === undefined ? 0 : 0x10) | (contributing.length & 0x0f);
  bytes[1] = (packet.marker ? 0x80 : 0) | (packet.payloadType & 0x7f);
  putUint16(bytes, 2, packet.sequenceNumber);
  putUint32(bytes, 4, packet.timestamp);
  putUint32(bytes, 8, packet.ssrc);
  let at = RTP_HEADER;
  for (const source of contributing) {
    putUint32(bytes, at, source);
    at += 4;
  }
  if (extension !== undefined) {
    putUint16(bytes, at, extension.profile);
    putUint16(bytes, at + 2, extension.data.length / 4);
    bytes.set(extension.data, at + 4);
    at += extensionSize;
  }
  bytes.set(payload, at);
  return bytes;
}
