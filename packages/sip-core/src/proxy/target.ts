import type { Address, Flow, Transport } from "@sipmesh/sip";

/** One way to a next hop: over a flow that is there, or to an address. The edge is named in either case. */
export interface Way {
  readonly edge: string;
  readonly transport: Transport;
  /** Our address as this peer reaches it: what Via and Record-Route say where no name leads to all edges. */
  readonly local: Address;
  /** Over this flow and no other. */
  readonly flow?: Flow;
  /** Where there is no flow. */
  readonly remote?: Address;
  /** The name that a TLS peer must prove. */
  readonly host?: string | undefined;
}

/** A member of the target set (RFC 3261 section 16.5), with every way that leads there (RFC 3263). */
export interface Target {
  /** The Request-URI to send. */
  readonly uri: string;
  /** Route values to add (from Path, RFC 3327), outermost first. */
  readonly route: readonly string[];
  /** 0 to 1000: targets of the same preference are tried at once, lower ones after them. */
  readonly q: number;
  /** Tried in this order. */
  readonly ways: readonly Way[];
  /** Behind a NAT. */
  readonly nat: boolean;
}

/** TCP, TLS and WebSockets deliver or fail by themselves (RFC 3261 section 17). */
export function isReliable(transport: Transport): boolean {
  return transport !== "udp";
}
