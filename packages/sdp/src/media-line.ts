import { SdpError } from "./error.ts";

/** An `m=` line (RFC 8866 §5.14): `m=<media> <port>[/<number of ports>] <proto> <fmt> …`. */
export interface MediaLine {
  /** "audio", "video", "image", … */
  readonly kind: string;
  /** 0 refuses the stream (RFC 3264 §6). */
  readonly port: number;
  /** "RTP/AVP", "UDP/TLS/RTP/SAVPF", "udptl", "TCP/MSRP", … */
  readonly protocol: string;
  /** RTP payload types, for RTP. */
  readonly formats: readonly string[];
}

const MEDIA_LINE = /^(\S+) +(\d{1,5})(?:\/\d{1,5})? +(\S+)(.*)$/;

/** @throws SdpError `bad-media-line` */
export function parseMediaLine(value: string): MediaLine {
  const [, kind, digits, protocol, rest] = MEDIA_LINE.exec(value) ?? [];
  const port = Number(digits);
  if (kind === undefined || protocol === undefined || rest === undefined || !(port <= 65_535)) {
    throw new SdpError(
      "bad-media-line",
      `m=${value} is not "<media> <port> <proto> <fmt> ..." (RFC 8866 section 5.14)`,
    );
  }
  return { kind, port, protocol, formats: rest.split(" ").filter((format) => format !== "") };
}

/** The line's value with another port; a number of ports ("/2") goes, as a relay gives one pair. */
export function withPort(value: string, port: number): string {
  return value.replace(/^(\S+ +)\d+(?:\/\d+)?/, (_, before: string) => `${before}${port}`);
}
