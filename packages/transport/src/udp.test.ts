import assert from "node:assert/strict";
import { test } from "node:test";
import type { Address } from "@sipmesh/sip";
import { BindError } from "./bind-error.ts";
import { bindUdp } from "./udp.ts";

const ignore = () => {};

for (const loopback of ["127.0.0.1", "::1"]) {
  test(`a datagram arrives byte for byte with its source: ${loopback}`, async (t) => {
    const got = Promise.withResolvers<{ bytes: Uint8Array; from: Address }>();
    const a = await bindUdp({
      address: loopback,
      port: 0,
      receive: (bytes, from) => got.resolve({ bytes, from }),
      failed: got.reject,
    });
    const b = await bindUdp({ address: loopback, port: 0, receive: ignore, failed: got.reject });
    t.after(() => Promise.all([a.close(), b.close()]));
    b.send(Uint8Array.of(0, 255, 13, 10), a.local.port, loopback);
    const { bytes, from } = await got.promise;
    assert.deepEqual([...bytes], [0, 255, 13, 10]);
    assert.equal(from.address, loopback);
    assert.equal(from.port, b.local.port);
    assert.ok((a.receiveBuffer ?? 0) >= 65_536);
  });
}

test("a busy port is an error that names address and port", async (t) => {
  const holder = await bindUdp({ address: "127.0.0.1", port: 0, receive: ignore, failed: ignore });
  t.after(() => holder.close());
  const { port } = holder.local;
  await assert.rejects(
    bindUdp({ address: "127.0.0.1", port, receive: ignore, failed: ignore }),
    (error) =>
      error instanceof BindError &&
      error.code === "address-in-use" &&
      error.message.includes(`udp 127.0.0.1:${port}: another program uses`),
  );
});

test("an address that this host does not have is an error of its own", async () => {
  await assert.rejects(
    bindUdp({ address: "192.0.2.77", port: 0, receive: ignore, failed: ignore }),
    (error) => error instanceof BindError && error.code === "address-not-available",
  );
});

test("what the system refuses to send is told, with its destination or to the one who sent it", async (t) => {
  const failures: (Address | undefined)[] = [];
  const told = Promise.withResolvers<void>();
  const socket = await bindUdp({
    address: "127.0.0.1",
    port: 0,
    receive: ignore,
    failed(_error, to) {
      failures.push(to);
      told.resolve();
    },
  });
  t.after(() => socket.close());
  socket.send(new Uint8Array(70_000), 9, "127.0.0.1");
  await told.promise;
  assert.deepEqual(failures, [{ address: "127.0.0.1", port: 9 }]);
  const own = await new Promise<Error | null>((resolve) =>
    socket.send(new Uint8Array(70_000), 9, "127.0.0.1", resolve),
  );
  assert.equal((own as NodeJS.ErrnoException).code, "EMSGSIZE");
  const fine = await new Promise<Error | null>((resolve) =>
    socket.send(new Uint8Array(1), socket.local.port, "127.0.0.1", resolve),
  );
  assert.equal(fine, null);
  const portless = await new Promise<Error | null>((resolve) =>
    socket.send(new Uint8Array(1), 0, "127.0.0.1", resolve),
  );
  assert.ok(portless instanceof Error);
  assert.equal(failures.length, 1);
});

test("datagrams of one turn leave in order, also where the socket is closed in the same turn", async (t) => {
  const got: number[] = [];
  const all = Promise.withResolvers<void>();
  const a = await bindUdp({
    address: "127.0.0.1",
    port: 0,
    receive([first = 0]) {
      got.push(first);
      if (got.length === 3) all.resolve();
    },
    failed: all.reject,
  });
  t.after(() => a.close());
  const b = await bindUdp({ address: "127.0.0.1", port: 0, receive: ignore, failed: all.reject });
  for (const byte of [1, 2, 3]) b.send(Uint8Array.of(byte), a.local.port, "127.0.0.1");
  await b.close();
  await all.promise;
  assert.deepEqual(got, [1, 2, 3]);
});

test("sending on a closed socket throws nothing and tells the sender", async () => {
  const socket = await bindUdp({ address: "127.0.0.1", port: 0, receive: ignore, failed: assert.fail });
  await socket.close();
  await socket.close();
  const error = await new Promise<Error | null>((resolve) =>
    socket.send(new Uint8Array(1), 5060, "127.0.0.1", resolve),
  );
  assert.ok(error instanceof Error);
});
