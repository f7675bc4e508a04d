import { attributeName, attributeValue } from "./attribute.ts";
import type { Section } from "./description.ts";
import { parseMediaLine } from "./media-line.ts";

/** What an RTP payload type means in a stream (RFC 8866 §6.6). */
export interface Encoding {
  readonly payloadType: number;
  /** "PCMU", "opus", "telephone-event"; upper and lower case as received. */
  readonly name: string;
  /** Hz of the RTP timestamp. */
  readonly clockRate: number;
}

/** RFC 3551 §6: payload types that need no rtpmap. */
const staticEncodings: readonly (readonly [payloadType: number, name: string, clockRate: number])[] = [
  [0, "PCMU", 8000],
  [3, "GSM", 8000],
  [4, "G723", 8000],
  [5, "DVI4", 8000],
  [6, "DVI4", 16_000],
  [7, "LPC", 8000],
  [8, "PCMA", 8000],
  [9, "G722", 8000],
  [10, "L16", 44_100],
  [11, "L16", 44_100],
  [12, "QCELP", 8000],
  [13, "CN", 8000],
  [14, "MPA", 90_000],
  [15, "G728", 8000],
  [16, "DVI4", 11_025],
  [17, "DVI4", 22_050],
  [18, "G729", 8000],
  [25, "CelB", 90_000],
  [26, "JPEG", 90_000],
  [28, "nv", 90_000],
  [31, "H261", 90_000],
  [32, "MPV", 90_000],
  [33, "MP2T", 90_000],
  [34, "H263", 90_000],
];

const RTPMAP = /^ *(\d{1,3}) +([^\s/]+)\/(\d{1,9})(?:\/\S+)? *$/;

/** The encodings that a media section lists, in the order of its formats; those of unknown meaning are left out. */
export function encodingsOf(media: Section): Encoding[] {
  const mapped = new Map<number, Encoding>();
  for (const [payloadType, name, clockRate] of staticEncodings) {
    mapped.set(payloadType, { payloadType, name, clockRate });
  }
  for (const line of media) {
    if (attributeName(line) !== "rtpmap") continue;
    const [, digits, name, rate] = RTPMAP.exec(attributeValue(line)) ?? [];
    const payloadType = Number(digits);
    if (name === undefined || !(payloadType < 128) || !(Number(rate) > 0)) continue;
    mapped.set(payloadType, { payloadType, name, clockRate: Number(rate) });
  }
  const first = media[0];
  if (first?.type !== "m") return [];
  return parseMediaLine(first.value).formats.flatMap((format) => mapped.get(Number(format)) ?? []);
}
