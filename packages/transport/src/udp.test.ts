import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Address } from "@sipmesh/sip";
import { bindBatched } from "./batched-socket.ts";
import { BindError } from "./bind-error.ts";
import { bindDatagram } from "./datagram-socket.ts";
import { type Foreign, foreign } from "./foreign.ts";
import type { UdpOptions, UdpSocket } from "./network.ts";
import { bindUdp } from "./udp.ts";

const ignore = () => {};

const ways: readonly (readonly [string, (options: UdpOptions) => Promise<UdpSocket>])[] = [
  ["in batches, where the system has them", bindUdp],
  ["one by one", bindDatagram],
];

/** A socket, and the first bytes of so many datagrams that it gets. */
async function collect(bind: (options: UdpOptions) => Promise<UdpSocket>, count: number) {
  const got: number[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<number[]>();
  const socket = await bind({
    address: "127.0.0.1",
    port: 0,
    receive([first = 0]) {
      got.push(first);
      if (got.length === count) resolve([...got]);
    },
    failed: reject,
  });
  return { socket, all: promise };
}

for (const [way, bind] of ways) {
  describe(`datagrams ${way}`, () => {
    for (const loopback of ["127.0.0.1", "::1"]) {
      it(`a datagram arrives byte for byte with its source: ${loopback}`, async (t) => {
        const got = Promise.withResolvers<{ bytes: Uint8Array; from: Address }>();
        const a = await bind({
          address: loopback,
          port: 0,
          receive: (bytes, from) => got.resolve({ bytes, from }),
          failed: got.reject,
        });
        const b = await bind({ address: loopback, port: 0, receive: ignore, failed: got.reject });
        t.after(() => Promise.all([a.close(), b.close()]));
        b.send(Uint8Array.of(0, 255, 13, 10), a.local.port, loopback);
        const { bytes, from } = await got.promise;
        assert.deepEqual([...bytes], [0, 255, 13, 10]);
        assert.equal(from.address, loopback);
        assert.equal(from.port, b.local.port);
        assert.ok((a.receiveBuffer ?? 0) >= 65_536);
      });
    }

    it("a busy port is an error that names address and port", async (t) => {
      const holder = await bind({ address: "127.0.0.1", port: 0, receive: ignore, failed: ignore });
      t.after(() => holder.close());
      const { port } = holder.local;
      await assert.rejects(
        bind({ address: "127.0.0.1", port, receive: ignore, failed: ignore }),
        (error) =>
          error instanceof BindError &&
          error.code === "address-in-use" &&
          error.message.includes(`udp 127.0.0.1:${port}: another program uses`),
      );
    });

    it("an address that this host does not have is an error of its own", async () => {
      await assert.rejects(
        bind({ address: "192.0.2.77", port: 0, receive: ignore, failed: ignore }),
        (error) => error instanceof BindError && error.code === "address-not-available",
      );
    });

    it("what the system refuses to send is told, with its destination or to the one who sent it", async (t) => {
      const failures: (Address | undefined)[] = [];
      const told = Promise.withResolvers<void>();
      const socket = await bind({
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

    it("datagrams of one turn leave in order, also where the socket is closed in the same turn", async (t) => {
      const { socket: a, all } = await collect(bind, 3);
      t.after(() => a.close());
      const b = await bind({ address: "127.0.0.1", port: 0, receive: ignore, failed: assert.fail });
      for (const byte of [1, 2, 3]) b.send(Uint8Array.of(byte), a.local.port, "127.0.0.1");
      await b.close();
      assert.deepEqual(await all, [1, 2, 3]);
    });

    it("a burst arrives whole and in order, and so do its answers", async (t) => {
      const echo = await bind({
        address: "127.0.0.1",
        port: 0,
        receive: (bytes, from) => echo.send(bytes, from.port, from.address),
        failed: assert.fail,
      });
      const got: number[] = [];
      const all = Promise.withResolvers<void>();
      const sender = await bind({
        address: "127.0.0.1",
        port: 0,
        receive(bytes) {
          assert.equal(bytes.length, 1 + (bytes[0] ?? 0) * 100);
          got.push(bytes[0] ?? 0);
          if (got.length === 200) all.resolve();
        },
        failed: all.reject,
      });
      t.after(() => Promise.all([echo.close(), sender.close()]));
      for (let i = 0; i < 200; i++) sender.send(new Uint8Array(1 + i * 100).fill(i), echo.local.port, "127.0.0.1");
      await all.promise;
      assert.deepEqual(
        got,
        Array.from({ length: 200 }, (_, i) => i),
      );
    });

    it("more than one turn should have leave all the same", async (t) => {
      const socket = await bind({ address: "127.0.0.1", port: 0, receive: ignore, failed: assert.fail });
      t.after(() => socket.close());
      const outcomes = await Promise.all(
        Array.from(
          { length: 6000 },
          () =>
            new Promise<Error | null>((sent) => socket.send(Uint8Array.of(1), socket.local.port, "127.0.0.1", sent)),
        ),
      );
      assert.deepEqual(new Set(outcomes), new Set([null]));
    });

    it("one that cannot be sent holds up none of the others", async (t) => {
      const failures: (Address | undefined)[] = [];
      const { socket: a, all } = await collect(bind, 2);
      const b = await bind({
        address: "127.0.0.1",
        port: 0,
        receive: ignore,
        failed: (_error, to) => failures.push(to),
      });
      t.after(() => Promise.all([a.close(), b.close()]));
      b.send(Uint8Array.of(1), a.local.port, "127.0.0.1");
      b.send(Uint8Array.of(2), a.local.port, "::1");
      b.send(new Uint8Array(400_000), a.local.port, "127.0.0.1");
      b.send(Uint8Array.of(3), a.local.port, "127.0.0.1");
      assert.deepEqual(await all, [1, 3]);
      assert.equal(failures.length, 2);
    });

    it("sending on a closed socket throws nothing and tells the sender", async () => {
      const socket = await bind({ address: "127.0.0.1", port: 0, receive: ignore, failed: assert.fail });
      await socket.close();
      await socket.close();
      const error = await new Promise<Error | null>((resolve) =>
        socket.send(new Uint8Array(1), 5060, "127.0.0.1", resolve),
      );
      assert.ok(error instanceof Error);
    });
  });
}

describe("batches", { skip: foreign() === undefined && "this system has no batched sockets" }, () => {
  it("are what a socket is bound with here", async (t) => {
    const socket = await bindUdp({ address: "127.0.0.1", port: 0, receive: ignore, failed: assert.fail });
    t.after(() => socket.close());
    assert.equal(socket.batched, true);
  });

  it("wait where the system has no room, in order and as they were", async (t) => {
    const system = foreign() as Foreign;
    let full = true;
    const short: Foreign = {
      ...system,
      functions: {
        ...system.functions,
        sendmmsg: Object.assign(
          (...args: Parameters<typeof system.functions.sendmmsg>) =>
            full && args[2] > 0 ? -1 : system.functions.sendmmsg(...args),
          { pointer: 0n },
        ),
      },
      errno: () => (full ? 11 : system.errno()),
    };
    const { socket: a, all } = await collect(bindUdp, 3);
    const failures: Error[] = [];
    const failed = (error: Error) => failures.push(error);
    const b = bindBatched({ address: "127.0.0.1", port: 0, receive: ignore, failed }, short) ?? assert.fail();
    t.after(() => Promise.all([a.close(), b.close()]));
    const bytes = Uint8Array.of(1);
    b.send(bytes, a.local.port, "127.0.0.1");
    b.send(Uint8Array.of(2), a.local.port, "127.0.0.1");
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    bytes[0] = 9;
    b.send(Uint8Array.of(3), a.local.port, "127.0.0.1");
    for (let i = 0; i < 5000; i++) b.send(Uint8Array.of(4), a.local.port, "127.0.0.1");
    full = false;
    assert.deepEqual(await all, [1, 2, 3]);
    assert.ok(failures.length > 900, "what waits is bounded");
  });
});
