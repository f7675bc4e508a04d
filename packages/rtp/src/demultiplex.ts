import { RTP_HEADER } from "./packet.ts";

/** What a datagram on a media port is. */
export type MediaPacket = "rtp" | "rtcp" | "stun" | "dtls" | "unknown";

/**
 * Tells the protocols of one port apart by the first octets (RFC 7983 §7; RTP from RTCP: RFC 5761 §4, whose RTCP
 * packet types 192…223 are RTP payload types 64…95 with the marker bit, which are not used with rtcp-mux).
 */
export function mediaPacketKind(bytes: Uint8Array): MediaPacket {
  const first = bytes[0] ?? 255;
  if (first >= 128 && first <= 191) {
    const second = bytes[1] ?? 0;
    if (second >= 192 && second <= 223) return bytes.length >= 8 ? "rtcp" : "unknown";
    return bytes.length >= RTP_HEADER ? "rtp" : "unknown";
  }
  if (first <= 3) return "stun";
  if (first >= 20 && first <= 63) return "dtls";
  return "unknown";
}
