import { canonicalAddress } from "./address.ts";
import { attribute } from "./attribute.ts";
import type { Section } from "./description.ts";

/** Where RTCP is received. */
export interface RtcpPlace {
  readonly port: number;
  /** Absent: that of the stream. */
  readonly address?: string;
}

const RTCP = /^ *(\d{1,5})(?: +IN +IP[46] +(\S+))? *$/;

/** RFC 3605 §2.1: `a=rtcp:53020` or `a=rtcp:53020 IN IP4 192.0.2.7`. A malformed one counts as absent. */
export function rtcpOf(section: Section): RtcpPlace | undefined {
  const value = attribute(section, "rtcp");
  const [, digits, address] = (value === undefined ? null : RTCP.exec(value)) ?? [];
  const port = Number(digits);
  if (!(port > 0 && port <= 65_535)) return undefined;
  return address === undefined ? { port } : { port, address: canonicalAddress(address) };
}

/** RFC 5761 §5.1.1: RTP and RTCP on one port are offered or agreed. */
export function muxOf(section: Section): boolean {
  return attribute(section, "rtcp-mux") !== undefined;
}
