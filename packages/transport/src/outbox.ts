/** A datagram on its way out. */
export interface Datagram {
  readonly bytes: Uint8Array;
  readonly port: number;
  /** An IP literal. */
  readonly address: string;
  /** Absent: the socket's own `failed` is told of a refusal. */
  readonly sent: ((error: Error | null) => void) | undefined;
}

/** A socket with datagrams that wait to be sent. */
export interface Sender {
  sendWaiting(): void;
}

/** Those that got their first datagram in this turn of the event loop: as many as there are sockets. */
const waiting: Sender[] = [];
let scheduled = false;

/**
 * Has a socket send when the turn of the event loop has read all that had come. Back to back the datagrams wake a receiver
 * once rather than each time: a proxied call at 3000/s costs 10 % less (161 → 145 µs).
 */
export function post(sender: Sender): void {
  waiting.push(sender);
  if (scheduled) return;
  scheduled = true;
  setImmediate(flush);
}

/** Sends what waits. */
export function flush(): void {
  scheduled = false;
  for (const sender of waiting.splice(0)) {
    try {
      sender.sendWaiting();
    } catch (error) {
      throwApart(error);
    }
  }
}

/** As uncaught as it would be without others behind it, which have their turn all the same. */
export function throwApart(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
