import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { BindError } from "./bind-error.ts";
import type { Connection, ConnectionHandlers } from "./network.ts";
import { connectTcp, listenTcp } from "./tcp.ts";

const ignore: ConnectionHandlers = { received() {}, closed() {} };

/** A listener and a connection to it, both ends at hand. */
async function pair(
  address: string,
  handlers: { server?: ConnectionHandlers; client?: ConnectionHandlers },
  queue?: number,
): Promise<{ server: Connection; client: Connection; close(): Promise<void> }> {
  const accepted = Promise.withResolvers<Connection>();
  const listener = await listenTcp({
    address,
    port: 0,
    accepted(connection) {
      accepted.resolve(connection);
      return handlers.server ?? ignore;
    },
  });
  const client = connectTcp(
    { remote: listener.local, timeout: 5000, ...(queue === undefined ? {} : { queue }) },
    handlers.client ?? ignore,
  );
  const server = await accepted.promise;
  return {
    server,
    client,
    async close() {
      server.destroy();
      client.destroy();
      await listener.close();
    },
  };
}

for (const loopback of ["127.0.0.1", "::1"]) {
  test(`bytes written before the connection stands arrive in order, and both ends know each other: ${loopback}`, async () => {
    let text = "";
    const done = Promise.withResolvers<void>();
    const accepted = Promise.withResolvers<Connection>();
    const listener = await listenTcp({
      address: loopback,
      port: 0,
      accepted(connection) {
        accepted.resolve(connection);
        return {
          received(bytes) {
            text += Buffer.from(bytes).toString();
            if (text.endsWith("3")) done.resolve();
          },
          closed() {},
        };
      },
    });
    const opened = Promise.withResolvers<void>();
    const client = connectTcp({ remote: listener.local, timeout: 5000 }, { ...ignore, opened: opened.resolve });
    assert.equal(client.write(Buffer.from("1")), true);
    assert.equal(client.write(Buffer.from("2")), true);
    await opened.promise;
    client.write(Buffer.from("3"));
    await done.promise;
    assert.equal(text, "123");
    const server = await accepted.promise;
    assert.deepEqual(server.remote, client.local);
    assert.deepEqual(server.local, client.remote);
    client.destroy();
    server.destroy();
    await listener.close();
  });
}

test("a peer that does not read fills the queue to its bound and no further", async () => {
  const { server, client, close } = await pair("127.0.0.1", {}, 256 * 1024);
  // Nothing is read on the other side once its process is busy: here, because it is this very turn.
  let taken = 0;
  while (client.write(Buffer.alloc(10_000))) {
    taken += 10_000;
    assert.ok(taken <= 256 * 1024);
  }
  assert.ok(taken > 200 * 1024);
  assert.ok(client.queued <= 256 * 1024);
  assert.ok(server);
  await close();
});

test("what is queued still arrives after close; then both ends are told once", async () => {
  const closed: string[] = [];
  let length = 0;
  const both = Promise.withResolvers<void>();
  const end = (name: string) => () => {
    closed.push(name);
    if (closed.length === 2) both.resolve();
  };
  const { client, close } = await pair("127.0.0.1", {
    server: {
      received(bytes) {
        length += bytes.length;
      },
      closed: end("server"),
    },
    client: { received() {}, closed: end("client") },
  });
  client.write(Buffer.alloc(500_000));
  client.close();
  assert.equal(client.write(Buffer.from("late")), false);
  await both.promise;
  await close();
  assert.equal(length, 500_000);
  assert.deepEqual(closed.sort(), ["client", "server"]);
});

test("a refused connection is told with its error", async () => {
  const listener = await listenTcp({ address: "127.0.0.1", port: 0, accepted: () => ignore });
  await listener.close();
  const error = await new Promise<Error | undefined>((resolve) =>
    connectTcp({ remote: listener.local, timeout: 5000 }, { received() {}, closed: resolve }),
  );
  assert.equal((error as NodeJS.ErrnoException).code, "ECONNREFUSED");
});

test("a busy port is an error that names address and port", async () => {
  const holder = await listenTcp({ address: "127.0.0.1", port: 0, accepted: () => ignore });
  const { port } = holder.local;
  await assert.rejects(
    listenTcp({ address: "127.0.0.1", port, accepted: () => ignore }),
    (error) => error instanceof BindError && error.message.includes(`tcp 127.0.0.1:${port}: another program uses`),
  );
  await holder.close();
});

test("an attempt that nobody answers fails after its time-out", { skip: process.platform !== "linux" }, async (t) => {
  // A stopped process accepts nothing: once its queue is full, Linux ignores further attempts.
  const child = spawn(
    process.execPath,
    [
      "-e",
      `const s = require("node:net").createServer();
       s.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => process.stdout.write(String(s.address().port)));`,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  t.after(() => child.kill("SIGKILL"));
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  child.kill("SIGSTOP");
  const remote = { address: "127.0.0.1", port: Number(port) };
  const attempts: Connection[] = [];
  t.after(() => {
    for (const attempt of attempts) attempt.destroy();
  });
  const error = await new Promise<Error | undefined>((resolve) => {
    for (let i = 0; i < 8; i += 1) {
      attempts.push(
        connectTcp({ remote, timeout: 200 }, { received() {}, closed: (reason) => reason && resolve(reason) }),
      );
    }
  });
  assert.match(String(error), /no connection to 127\.0\.0\.1 port \d+ within 200 ms/);
});
