import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { BindError } from "./bind-error.ts";
import type { UdpOptions, UdpSocket } from "./network.ts";
import { flush, post } from "./outbox.ts";

/** A burst of a second's worth of messages fits; 208 KiB, the usual default, holds some hundred. */
const BUFFER = 4 * 1024 * 1024;

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

/** Binds a UDP socket. */
export function bindUdp(options: UdpOptions): Promise<UdpSocket> {
  const { address, port, receive, failed } = options;
  const size = options.buffer ?? BUFFER;
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
        send(bytes, toPort, to, sent = refused) {
          post({ socket, bytes, port: toPort, address: to, sent });
        },
        close() {
          if (closed === undefined) flush();
          closed ??= new Promise((done) => socket.close(() => done()));
          return closed;
        },
      });
    });
  });
}
