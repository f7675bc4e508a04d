export { type MediaPacket, mediaPacketKind } from "./demultiplex.ts";
export { decodeG711, encodeG711, type Law } from "./g711.ts";
export { ntpTime } from "./ntp.ts";
export {
  decodeRtp,
  encodeRtp,
  payloadTypeOf,
  RTP_HEADER,
  type RtpPacket,
  sequenceNumberOf,
  ssrcOf,
  timestampOf,
} from "./packet.ts";
export { Reception, type ReceptionReport } from "./reception.ts";
export { decodeRtcp, encodeRtcp, type OtherRtcp, type RtcpPacket } from "./rtcp/compound.ts";
export type { Goodbye } from "./rtcp/goodbye.ts";
export type { ReceiverReport, SenderReport } from "./rtcp/report.ts";
export type { ReportBlock } from "./rtcp/report-block.ts";
export { CNAME, type SourceChunk, type SourceDescription } from "./rtcp/source-description.ts";
export {
  decodeTelephoneEvent,
  digitOf,
  encodeTelephoneEvent,
  eventOf,
  type TelephoneEvent,
} from "./telephone-event.ts";
export { shareOfTone, Tone } from "./tone.ts";
