import type { Address } from "@sipmesh/sip";
import type { Resolver } from "./resolver.ts";

/** A bound UDP socket. */
export interface UdpSocket {
  readonly local: Address;
  /** Bytes that the system granted for datagrams that wait to be read; absent where that is not known. */
  readonly receiveBuffer?: number;
  /** Whether datagrams of one turn of the event loop share a system call; absent where there is no system. */
  readonly batched?: boolean;
  /**
   * Sends one datagram to an IP literal, at the end of this turn of the event loop, or at once where thousands wait
   * already. It never throws. The bytes must stay as they are until then.
   * @param sent is told the outcome, after this turn: `null`, or why the system refused. Absent: refusals go to `failed`
   * of the socket.
   */
  send(bytes: Uint8Array, port: number, address: string, sent?: (error: Error | null) => void): void;
  close(): Promise<void>;
}

/** What a UDP socket is opened with. */
export interface UdpOptions {
  /** An IP literal; a wildcard binds every address of its family, and `local` of the socket then names none. */
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  /** `from` is valid after the call; `bytes` too. */
  receive(bytes: Uint8Array, from: Address): void;
  /** What the system reports of this socket: a refused datagram (`to` names whither), an ICMP error, a broken socket. */
  failed(error: Error, to?: Address): void;
  /** Bytes of socket buffer to ask for, each way; 4 MiB where absent. The system may grant less. */
  readonly buffer?: number;
}

/** A TCP connection. */
export interface Connection {
  readonly local: Address;
  readonly remote: Address;
  /** Bytes that wait to be written. */
  readonly queued: number;
  /** False where the bytes were not taken: the write queue is full, or the connection is closed. */
  write(bytes: Uint8Array): boolean;
  /** Writes what is queued, then closes. */
  close(): void;
  /** Closes at once; what is queued is lost. */
  destroy(error?: Error): void;
}

/** Whom a connection tells of what happens to it. */
export interface ConnectionHandlers {
  /** A connection that we opened stands now. */
  opened?(): void;
  received(bytes: Uint8Array): void;
  /** Once, last of all, also where it never opened. */
  closed(error?: Error): void;
}

/** What a TCP listener is opened with. */
export interface ListenOptions {
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  accepted(connection: Connection): ConnectionHandlers;
  /** The listener itself is in trouble: no file descriptors are left, for example. It goes on listening. */
  failed?(error: Error): void;
  /** Bytes that may wait to be written to one connection; 1 MiB where absent. */
  readonly queue?: number;
}

/** What a TCP connection is opened with. */
export interface ConnectOptions {
  readonly remote: Address;
  readonly localAddress?: string;
  /** Milliseconds until an attempt without an answer fails. */
  readonly timeout: number;
  /** Bytes that may wait to be written; 1 MiB where absent. */
  readonly queue?: number;
}

/** A TCP port that accepts connections. */
export interface Listener {
  readonly local: Address;
  /** Accepts no more; connections that stand are left alone. */
  close(): Promise<void>;
}

/** What a process has of the network. The simulation has one of its own. */
export interface Network {
  /** Fails with `BindError`. */
  udp(options: UdpOptions): Promise<UdpSocket>;
  /** Fails with `BindError`. */
  listen(options: ListenOptions): Promise<Listener>;
  /** What is written before the connection stands is queued. */
  connect(options: ConnectOptions, handlers: ConnectionHandlers): Connection;
  /**
   * Our address that faces the peer: the one that the system would send from. Where no route is known, the first of the
   * peer's family that is not the loopback, else the loopback.
   */
  localAddressToward(remote: string): string;
  /** Addresses of this host that can be bound without a scope, the loopback last. */
  ownAddresses(): readonly string[];
  readonly resolver: Resolver;
}
