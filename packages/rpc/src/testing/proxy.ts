import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A way to a port that can fall silent: what is sent over it is held, and nobody is told. */
export async function proxyTo(target: number): Promise<{
  readonly port: number;
  silent(on: boolean): void;
  /** Breaks every connection. */
  cut(): void;
  close(): Promise<void>;
}> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    silent(on) {
      for (const socket of sockets) {
        if (on) socket.unpipe().pause();
      }
    },
    cut,
    async close() {
      server.close();
      cut();
      await once(server, "close");
    },
  };
}
