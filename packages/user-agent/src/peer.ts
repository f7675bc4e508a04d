import type { Address } from "@sipmesh/sip";
import { parseNameAddress, readUri } from "@sipmesh/sip";

/** Where a message goes to or came from. */
export interface Peer extends Address {
  readonly transport: "udp" | "tcp";
}

export function peerText(peer: Address): string {
  return `${peer.address.includes(":") ? `[${peer.address}]` : peer.address}:${peer.port}`;
}

/**
 * The next hop that a URI or a Route value names (RFC 3263 for literal addresses). Undefined where it names a host that
 * had to be looked up: such requests go to the user agent's own server.
 */
export function literalPeer(text: string, own: Peer["transport"]): Peer | undefined {
  const uri = readUri(text.includes("<") ? parseNameAddress(text).uri : text);
  if (uri?.kind !== "sip" || !/^[\d.]+$|:/.test(uri.host)) return undefined;
  const transport = own === "tcp" || uri.params.get("transport")?.toLowerCase() === "tcp" ? "tcp" : "udp";
  return { address: uri.host, port: uri.port ?? 5060, transport };
}
