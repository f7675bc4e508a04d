import { putUint32, uint32 } from "../bytes.ts";

/** A reception report block (RFC 3550 §6.4.1). */
export interface ReportBlock {
  /** The source that is reported on. */
  readonly ssrc: number;
  /** In 1/256. */
  readonly fractionLost: number;
  /** Cumulative, −2²³…2²³−1. */
  readonly lost: number;
  readonly extendedHighest: number;
  /** Timestamp units. */
  readonly jitter: number;
  /** Middle 32 bits of the NTP time of the last SR from that source; 0 for none. */
  readonly lastReport: number;
  /** Since that SR came, in 1/65536 s. */
  readonly delay: number;
}

export const REPORT_BLOCK = 24;

/**
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                 SSRC_1 (SSRC of first source)                 |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | fraction lost |       cumulative number of packets lost       |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           extended highest sequence number received           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                      interarrival jitter                      |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                         last SR (LSR)                         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                   delay since last SR (DLSR)                  |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 */
export function decodeReportBlock(bytes: Uint8Array, at: number): ReportBlock {
  const loss = uint32(bytes, at + 4);
  return {
    ssrc: uint32(bytes, at),
    fractionLost: loss >>> 24,
    // Sign-extended from 24 bits.
    lost: (loss << 8) >> 8,
    extendedHighest: uint32(bytes, at + 8),
    jitter: uint32(bytes, at + 12),
    lastReport: uint32(bytes, at + 16),
    delay: uint32(bytes, at + 20),
  };
}

export function encodeReportBlock(block: ReportBlock, bytes: Uint8Array, at: number): void {
  const lost = Math.max(-0x800000, Math.min(0x7fffff, block.lost));
  putUint32(bytes, at, block.ssrc);
  putUint32(bytes, at + 4, (block.fractionLost << 24) | (lost & 0xffffff));
  putUint32(bytes, at + 8, block.extendedHighest);
  putUint32(bytes, at + 12, block.jitter);
  putUint32(bytes, at + 16, block.lastReport);
  putUint32(bytes, at + 20, block.delay);
}
