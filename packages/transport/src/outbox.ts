import type { Socket } from "node:dgram";

interface Datagram {
  readonly socket: Socket;
  readonly bytes: Uint8Array;
  readonly port: number;
  readonly address: string;
  readonly sent: (error: Error | null) => void;
}

/** Datagrams of this turn of the event loop, of all sockets: as many as it made. */
const waiting: Datagram[] = [];

/**
 * Sends when the turn of the event loop has read all that had come. Back to back they wake a receiver once rather than
 * each time: a proxied call at 3000/s costs 10 % less (161 → 145 µs).
 */
export function post(datagram: Datagram): void {
  if (waiting.length === 0) setImmediate(flush);
  waiting.push(datagram);
}

/** Sends what waits. */
export function flush(): void {
  for (const { socket, bytes, port, address, sent } of waiting.splice(0)) {
    try {
      socket.send(bytes, port, address, sent);
    } catch (error) {
      // A closed socket, port 0, or bytes beyond what a datagram holds.
      queueMicrotask(() => sent(error as Error));
    }
  }
}
