import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { BindError } from "./bind-error.ts";
import type { UdpOptions, UdpSocket } from "./network.ts";
import { type Datagram, post, type Sender } from "./outbox.ts";
import { SOCKET_BUFFER } from "./socket-buffer.ts";

/** Destinations are IP literals: without this each datagram would wait for a thread to look its address up. */
function literal(
  host: string,
  _family: unknown,
  found: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  found(null, host, 0);
}

/** Linux grants what it may; others refuse what is too much. */
function askFor(size: number, set: (bytes: number) => void): void {
  for (let bytes = size; bytes >= 65_536; bytes >>>= 1) {
    try {
      set(bytes);
      return;
    } catch {
      // Too much for this system: the half may do.
    }
  }
}

/** Binds a UDP socket of Node.js, which makes a system call for each datagram. */
export function bindDatagram(options: UdpOptions): Promise<UdpSocket> {
  const { address, port, receive, failed } = options;
  const size = options.buffer ?? SOCKET_BUFFER;
  const socket = createSocket({
    type: isIPv6(address) ? "udp6" : "udp4",
    ipv6Only: isIPv6(address),
    lookup: literal,
  });
  let closed: Promise<void> | undefined;

  function refused(error: Error | null): void {
    if (error === null || closed !== undefined) return;
    const to = error as Error & { address?: string; port?: number };
    if (to.address !== undefined && to.port !== undefined) failed(error, { address: to.address, port: to.port });
    else failed(error);
  }

  let waiting: Datagram[] = [];
  const sender: Sender = {
    sendWaiting() {
      const datagrams = waiting;
      waiting = [];
      for (const { bytes, port: toPort, address: to, sent = refused } of datagrams) {
        try {
          socket.send(bytes, toPort, to, sent);
        } catch (error) {
          // A closed socket, port 0, or bytes beyond what a datagram holds.
          queueMicrotask(() => sent(error as Error));
        }
      }
    },
  };

  return new Promise((resolve, reject) => {
    socket.once("error", (error) => {
      socket.close();
      reject(new BindError("udp", address, port, error));
    });
    // `exclusive`: no sharing with other workers of a Node.js cluster.
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners("error");
      socket.on("error", refused);
      socket.on("message", receive);
      askFor(size, (bytes) => socket.setRecvBufferSize(bytes));
      askFor(size, (bytes) => socket.setSendBufferSize(bytes));
      const bound = socket.address();
      resolve({
        local: { address: bound.address, port: bound.port },
        receiveBuffer: socket.getRecvBufferSize(),
        batched: false,
        send(bytes, toPort, to, sent) {
          if (waiting.push({ bytes, port: toPort, address: to, sent }) === 1) post(sender);
        },
        close() {
          if (closed === undefined) sender.sendWaiting();
          closed ??= new Promise((done) => socket.close(() => done()));
          return closed;
        },
      });
    });
  });
}
