import { putUint32, uint32 } from "../bytes.ts";
import { decodeReportBlock, encodeReportBlock, REPORT_BLOCK, type ReportBlock } from "./report-block.ts";

/** RFC 3550 §6.4.1: what a source sent, and what it received. */
export interface SenderReport {
  readonly type: "sender-report";
  readonly ssrc: number;
  /** Seconds since 1900 and 2⁻³² of a second, of the moment of the report. */
  readonly ntpSeconds: number;
  readonly ntpFraction: number;
  /** The same moment in the units of the stream's timestamps. */
  readonly rtpTimestamp: number;
  readonly packets: number;
  /** Payload octets. */
  readonly octets: number;
  readonly blocks: readonly ReportBlock[];
}

/** RFC 3550 §6.4.2: what one who sends nothing received. */
export interface ReceiverReport {
  readonly type: "receiver-report";
  readonly ssrc: number;
  readonly blocks: readonly ReportBlock[];
}

const SENDER_INFO = 20;

function decodeBlocks(bytes: Uint8Array, start: number, count: number): ReportBlock[] | undefined {
  if (start + count * REPORT_BLOCK > bytes.length) return undefined;
  return Array.from({ length: count }, (_, index) => decodeReportBlock(bytes, start + index * REPORT_BLOCK));
}

/**
 * The body after the common header:
 *
 * ```
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                         SSRC of sender                        |
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 * |              NTP timestamp, most significant word             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |             NTP timestamp, least significant word             |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                         RTP timestamp                         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                     sender's packet count                     |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                      sender's octet count                     |
 * +=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+=+
 * |                    report blocks, RC of them                  |
 * ```
 */
export function decodeSenderReport(body: Uint8Array, count: number): SenderReport | undefined {
  const blocks = decodeBlocks(body, 4 + SENDER_INFO, count);
  if (blocks === undefined) return undefined;
  return {
    type: "sender-report",
    ssrc: uint32(body, 0),
    ntpSeconds: uint32(body, 4),
    ntpFraction: uint32(body, 8),
    rtpTimestamp: uint32(body, 12),
    packets: uint32(body, 16),
    octets: uint32(body, 20),
    blocks,
  };
}

export function encodeSenderReport(report: SenderReport): Uint8Array {
  const body = new Uint8Array(4 + SENDER_INFO + report.blocks.length * REPORT_BLOCK);
  putUint32(body, 0, report.ssrc);
  putUint32(body, 4, report.ntpSeconds);
  putUint32(body, 8, report.ntpFraction);
  putUint32(body, 12, report.rtpTimestamp);
  putUint32(body, 16, report.packets);
  putUint32(body, 20, report.octets);
  report.blocks.forEach((block, index) => {
    encodeReportBlock(block, body, 4 + SENDER_INFO + index * REPORT_BLOCK);
  });
  return body;
}

/** The body after the common header: the SSRC of who reports, then RC report blocks. */
export function decodeReceiverReport(body: Uint8Array, count: number): ReceiverReport | undefined {
  const blocks = body.length < 4 ? undefined : decodeBlocks(body, 4, count);
  return blocks && { type: "receiver-report", ssrc: uint32(body, 0), blocks };
}

export function encodeReceiverReport(report: ReceiverReport): Uint8Array {
  const body = new Uint8Array(4 + report.blocks.length * REPORT_BLOCK);
  putUint32(body, 0, report.ssrc);
  report.blocks.forEach((block, index) => {
    encodeReportBlock(block, body, 4 + index * REPORT_BLOCK);
  });
  return body;
}
