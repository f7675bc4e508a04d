import { canonicalAddress, ipVersion } from "./address.ts";
import type { Section } from "./description.ts";
import { SdpError } from "./error.ts";

/**
 * The address of a `c=` line (RFC 8866 §5.7): `c=IN IP4 192.0.2.1`. A multicast TTL or count is cut off.
 *
 * @throws SdpError `bad-connection-line`
 */
export function connectionAddress(value: string): string {
  const [network, kind, address, ...rest] = value.trim().split(/ +/);
  if (network === undefined || kind === undefined || address === undefined || rest.length > 0) {
    throw new SdpError(
      "bad-connection-line",
      `c=${value} is not "<nettype> <addrtype> <address>" (RFC 8866 section 5.7)`,
    );
  }
  const slash = address.indexOf("/");
  return canonicalAddress(slash < 0 ? address : address.slice(0, slash));
}

/** The value of a `c=` line for an IP literal. */
export function connectionValue(address: string): string {
  return `IN IP${ipVersion(address) ?? 4} ${address}`;
}

/** The address that holds for a section: that of its last `c=` line. */
export function addressOf(section: Section): string | undefined {
  const line = section.findLast((candidate) => candidate.type === "c");
  return line === undefined ? undefined : connectionAddress(line.value);
}
