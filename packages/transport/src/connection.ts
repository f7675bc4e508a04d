import type { Socket } from "node:net";
import type { Address } from "@sipmesh/sip";
import type { Connection, ConnectionHandlers } from "./network.ts";

/** Bytes that may wait to be written to one connection. */
export const QUEUE = 1024 * 1024;
/** Milliseconds of silence after which the system probes whether the peer still lives. */
export const PROBE = 60_000;
/** Milliseconds that what is queued may take to leave after `close`. */
const FAREWELL = 5000;

/** A connection over a socket of Node.js. */
export class TcpConnection implements Connection {
  readonly #socket: Socket;
  readonly #limit: number;
  #local: Address;
  readonly remote: Address;
  #corked = false;
  #closing = false;
  #error: Error | undefined;

  constructor(socket: Socket, local: Address, remote: Address, limit: number) {
    this.#socket = socket;
    this.#local = local;
    this.remote = remote;
    this.#limit = limit;
  }

  get local(): Address {
    return this.#local;
  }

  get queued(): number {
    return this.#socket.writableLength;
  }

  /** Binds the socket's events to the handlers. */
  attach(handlers: ConnectionHandlers): void {
    const socket = this.#socket;
    socket.on("connect", () => {
      this.#local = { address: socket.localAddress ?? this.#local.address, port: socket.localPort ?? this.#local.port };
      handlers.opened?.();
    });
    socket.on("data", (bytes) => handlers.received(bytes as Buffer));
    socket.on("error", (error) => {
      this.#error = error;
    });
    socket.on("close", () => {
      this.#closing = true;
      handlers.closed(this.#error);
    });
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (this.#closing || !socket.writable || socket.writableLength + bytes.length > this.#limit) return false;
    if (!this.#corked) {
      // All that is written in one turn leaves in one system call.
      this.#corked = true;
      socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    socket.write(bytes);
    return true;
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    const socket = this.#socket;
    socket.end();
    const timer = setTimeout(() => socket.destroy(), FAREWELL);
    socket.once("close", () => clearTimeout(timer));
  }

  destroy(error?: Error): void {
    this.#closing = true;
    this.#socket.destroy(error);
  }
}
