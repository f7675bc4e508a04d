import type { SipUri, Transport } from "@sipmesh/sip";

const KNOWN: readonly Transport[] = ["udp", "tcp", "tls", "ws", "wss"];

/** What a URI leaves open for RFC 3263, and what it does not. */
export interface Wish {
  readonly host: string;
  readonly port: number | undefined;
  /** Undefined: the URI leaves it open. */
  readonly transport: Transport | undefined;
  readonly secure: boolean;
}

/** RFC 3263 section 4: `maddr` is the target where it is present. Undefined: a transport that does not exist. */
export function wishOf(uri: SipUri): Wish | undefined {
  const secure = uri.scheme === "sips";
  const host =
    uri.params
      .get("maddr")
      ?.toLowerCase()
      .replace(/^\[|\]$/g, "") ?? uri.host;
  const named = uri.params.get("transport")?.toLowerCase();
  if (named === undefined || named === "") return { host, port: uri.port, transport: undefined, secure };
  const transport = KNOWN.find((one) => one === named);
  if (transport === undefined) return undefined;
  return { host, port: uri.port, transport: secure ? secured(transport) : transport, secure };
}

/** A SIPS URI goes over TLS whatever its transport parameter says (RFC 3261 section 26.2.2). */
function secured(transport: Transport): Transport {
  return transport === "ws" || transport === "wss" ? "wss" : "tls";
}

export function defaultPort(transport: Transport): number {
  switch (transport) {
    case "tls":
      return 5061;
    case "ws":
      return 80;
    case "wss":
      return 443;
    default:
      return 5060;
  }
}
