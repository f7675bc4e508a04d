export type Transport = "udp" | "tcp" | "tls" | "ws" | "wss";

export interface Address {
  /** An IP literal without brackets. */
  readonly address: string;
  readonly port: number;
}

export function isSameAddress(one: Address, other: Address): boolean {
  return one === other || (one.port === other.port && one.address === other.address);
}

/** The socket pair that a message came over, and over which its sender can be reached (RFC 5626). */
export interface Flow {
  /** The edge instance that holds the socket. */
  readonly edge: string;
  readonly transport: Transport;
  readonly local: Address;
  readonly remote: Address;
  /** The edge's number of the connection; 0 for datagrams. */
  readonly connection: number;
}
