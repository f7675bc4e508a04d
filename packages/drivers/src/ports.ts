import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/** A port of the loopback address that is free for UDP and TCP at this moment, and the `span` − 1 that follow for UDP. */
export async function freePort(span = 1): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    // Below Linux's ephemeral range, so that no outgoing connection takes it in between.
    const port = 12_000 + 2 * Math.floor(Math.random() * 9_000);
    if (await isFree(port, span)) return port;
  }
  throw new Error(`no ${span} free ports between 12000 and 30000`);
}

async function isFree(port: number, span: number): Promise<boolean> {
  if (!(await tcpFree(port))) return false;
  for (let next = port; next < port + span; next += 1) if (!(await udpFree(next))) return false;
  return true;
}

function udpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => {
      socket.close();
      resolve(false);
    });
    socket.bind(port, "127.0.0.1", () => socket.close(() => resolve(true)));
  });
}

function tcpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
