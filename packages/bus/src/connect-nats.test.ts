import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { missing, Nats } from "@sipmesh/drivers";
import { connectNats } from "./connect-nats.ts";

const skip = missing("nats-server");
/** Connections, each of which tries the servers in an order of its own. */
const CONNECTIONS = 8;

test("nats: a server that takes connections and never answers costs a second, where another one is there", {
  skip,
}, async () => {
  const nats = await Nats.start();
  const taken: Socket[] = [];
  const silent = createServer((socket) => taken.push(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  const began = performance.now();
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, at) =>
      connectNats({ servers: [`nats://127.0.0.1:${port}`, nats.url] }, `c${at}`, () => {}),
    ),
  );
  try {
    // Far below the twenty seconds that a server was waited for, with room for a busy machine.
    assert.ok(performance.now() - began < 8000, `${performance.now() - began} ms`);
  } finally {
    await Promise.all(connections.map((connection) => connection.close()));
    for (const socket of taken) socket.destroy();
    silent.close();
    await nats.stop();
  }
});

test("nats: a server that falls silent with much on its way to it is left for another within seconds", {
  skip,
}, async () => {
  const servers = [await Nats.start(), await Nats.start()];
  const connection = await connectNats({ servers: servers.map(({ url }) => url) }, "test", () => {});
  const first = connection.getServer();
  const silent = servers.find(({ url }) => url.endsWith(first)) ?? assert.fail(first);
  try {
    await silent.freeze();
    const frame = new Uint8Array(512 * 1024);
    // More than the buffers of both ends take.
    for (let at = 0; at < 64; at++) connection.publish("subject", frame);
    for await (const { type } of connection.status()) if (type === "reconnect") break;
    assert.notEqual(connection.getServer(), first);
  } finally {
    silent.thaw();
    await connection.close();
    await Promise.all(servers.map((server) => server.stop()));
  }
});
