import { connect as connectSocket, createServer, isIPv6, type Socket } from "node:net";
import { BindError } from "./bind-error.ts";
import { PROBE, QUEUE, TcpConnection } from "./connection.ts";
import type { Connection, ConnectionHandlers, ConnectOptions, Listener, ListenOptions } from "./network.ts";

/** Connections that may wait to be accepted: a whole site that reconnects at once. The system may allow fewer. */
const BACKLOG = 4096;

function accept(socket: Socket, options: ListenOptions): void {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (!localAddress || !localPort || !remoteAddress || !remotePort) {
    // Reset by the peer before it was accepted.
    socket.destroy();
    return;
  }
  const connection = new TcpConnection(
    socket,
    { address: localAddress, port: localPort },
    { address: remoteAddress, port: remotePort },
    options.queue ?? QUEUE,
  );
  connection.attach(options.accepted(connection));
}

/** Listens for TCP connections. */
export function listenTcp(options: ListenOptions): Promise<Listener> {
  const { address, port } = options;
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: PROBE }, (socket) =>
    accept(socket, options),
  );
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new BindError("tcp", address, port, error)));
    server.listen({ host: address, port, ipv6Only: isIPv6(address), exclusive: true, backlog: BACKLOG }, () => {
      server.removeAllListeners("error");
      server.on("error", (error) => options.failed?.(error));
      const bound = server.address() as { address: string; port: number };
      let closed: Promise<void> | undefined;
      resolve({
        local: { address: bound.address, port: bound.port },
        close() {
          // Its callback waits for every connection; that it no longer accepts is known at once.
          if (closed === undefined) {
            server.close();
            closed = new Promise((done) => setImmediate(done));
          }
          return closed;
        },
      });
    });
  });
}

/** Opens a TCP connection. */
export function connectTcp(options: ConnectOptions, handlers: ConnectionHandlers): Connection {
  const { remote, localAddress, timeout } = options;
  const socket = connectSocket({
    host: remote.address,
    port: remote.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: PROBE,
    ...(localAddress === undefined ? {} : { localAddress }),
  });
  const connection = new TcpConnection(
    socket,
    { address: localAddress ?? "", port: 0 },
    remote,
    options.queue ?? QUEUE,
  );
  const timer = setTimeout(
    () => connection.destroy(new Error(`no connection to ${remote.address} port ${remote.port} within ${timeout} ms`)),
    timeout,
  );
  const settled = () => clearTimeout(timer);
  socket.once("connect", settled);
  socket.once("close", settled);
  connection.attach(handlers);
  return connection;
}
