import { putUint16, uint16 } from "../bytes.ts";
import { decodeGoodbye, encodeGoodbye, type Goodbye } from "./goodbye.ts";
import {
  decodeReceiverReport,
  decodeSenderReport,
  encodeReceiverReport,
  encodeSenderReport,
  type ReceiverReport,
  type SenderReport,
} from "./report.ts";
import { decodeSourceDescription, encodeSourceDescription, type SourceDescription } from "./source-description.ts";

/** A packet type that is not decoded here, such as APP or feedback (RFC 4585). */
export interface OtherRtcp {
  readonly type: "other";
  readonly packetType: number;
  /** The five bits beside the version. */
  readonly count: number;
  /** After the common header. */
  readonly body: Uint8Array;
}

export type RtcpPacket = SenderReport | ReceiverReport | SourceDescription | Goodbye | OtherRtcp;

const SR = 200;
const RR = 201;
const SDES = 202;
const BYE = 203;

/**
 * Decodes a compound packet (RFC 3550 §6.1), each part of which starts with
 *
 * ```
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |V=2|P| count   |  packet type  | length in words, minus one    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 *
 * Undefined where any part is malformed.
 */
export function decodeRtcp(bytes: Uint8Array): RtcpPacket[] | undefined {
  const packets: RtcpPacket[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) return undefined;
    const first = bytes[at] ?? 0;
    const next = at + 4 + 4 * uint16(bytes, at + 2);
    if (first >> 6 !== 2 || next > bytes.length) return undefined;
    const padding = (first & 0x20) === 0 ? 0 : (bytes[next - 1] ?? 0);
    if (next - padding < at + 4) return undefined;
    const packet = decodePart(bytes[at + 1] ?? 0, first & 0x1f, bytes.subarray(at + 4, next - padding));
    if (packet === undefined) return undefined;
    packets.push(packet);
    at = next;
  }
  return packets;
}

function decodePart(packetType: number, count: number, body: Uint8Array): RtcpPacket | undefined {
  switch (packetType) {
    case SR:
      return decodeSenderReport(body, count);
    case RR:
      return decodeReceiverReport(body, count);
    case SDES:
      return decodeSourceDescription(body, count);
    case BYE:
      return decodeGoodbye(body, count);
    default:
      return { type: "other", packetType, count, body };
  }
}

function encodePart(packet: RtcpPacket): readonly [packetType: number, count: number, body: Uint8Array] {
  switch (packet.type) {
    case "sender-report":
      return [SR, packet.blocks.length, encodeSenderReport(packet)];
    case "receiver-report":
      return [RR, packet.blocks.length, encodeReceiverReport(packet)];
    case "source-description":
      return [SDES, packet.chunks.length, encodeSourceDescription(packet)];
    case "goodbye":
      return [BYE, packet.sources.length, encodeGoodbye(packet)];
    case "other":
      return [packet.packetType, packet.count, packet.body];
    default:
      return packet satisfies never;
  }
}

/** Encodes a compound packet; a part holds at most 31 blocks, chunks or sources. */
export function encodeRtcp(packets: readonly RtcpPacket[]): Uint8Array {
  const parts = packets.map(encodePart);
  const bytes = new Uint8Array(parts.reduce((size, [, , body]) => size + 4 + body.length, 0));
  let at = 0;
  for (const [packetType, count, body] of parts) {
    bytes[at] = 0x80 | (count & 0x1f);
    bytes[at + 1] = packetType;
    putUint16(bytes, at + 2, body.length / 4);
    bytes.set(body, at + 4);
    at += 4 + body.length;
  }
  return bytes;
}
