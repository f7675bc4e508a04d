import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { missing, Nats } from "@sipmesh/drivers";
import { type ClosableClock, systemClock } from "@sipmesh/environment";
import { until } from "@sipmesh/environment/testing";
import type { Bus, DropReason, Envelope } from "./bus.ts";
import { connectNats, type NatsConnection } from "./connect-nats.ts";
import { natsBus } from "./nats-bus.ts";
import { busContract } from "./testing/bus-contract.ts";
import { inbound, outbound } from "./testing/envelopes.ts";

const skip = missing("nats-server");
let server: Nats;
let clock: ClosableClock;
/** Closed in the end also where a test fails, lest the run hang. */
const connections: NatsConnection[] = [];

before(async () => {
  if (skip) return;
  clock = systemClock((error) => {
    throw error;
  });
  server = await Nats.start();
});

after(async () => {
  if (skip) return;
  await Promise.all(connections.map((connection) => connection.close()));
  await server.stop();
  clock.close();
});

async function link(
  to = server,
  more: { outgoingLimit?: number } = {},
): Promise<{ bus: Bus; connection: NatsConnection; close(): Promise<void> }> {
  const connection = await connectNats({ servers: [to.url] }, "test", () => {});
  connections.push(connection);
  const bus = natsBus(connection, { clock, ...more });
  return {
    bus,
    connection,
    async close() {
      await bus.close();
      await connection.close();
    },
  };
}

busContract(
  "NATS",
  async () => {
    const [from, to] = await Promise.all([link(), link()]);
    return {
      from: from.bus,
      to: to.bus,
      close: async () => {
        await from.close();
        await to.close();
      },
    };
  },
  { skip },
);

busContract(
  "NATS, within one process",
  async () => {
    const { bus, close } = await link();
    return { from: bus, to: bus, close };
  },
  { skip },
);

test("NATS: messages of one turn travel in one frame; local ones do not travel", { skip }, async () => {
  const { bus, connection, close } = await link();
  bus.subscribe("here", () => {});
  await connection.flush();
  const before = connection.stats().outMsgs;
  for (let number = 0; number < 50; number++) {
    bus.publish("elsewhere", inbound(number));
    bus.publish("here", inbound(number));
  }
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  assert.equal(connection.stats().outMsgs - before, 1);
  await close();
});

test("NATS: more than a frame may hold travels in several, in order", { skip }, async () => {
  const [from, to] = await Promise.all([link(), link()]);
  const got: string[] = [];
  to.bus.subscribe("big", (envelope) => {
    if (envelope.kind === "outbound") got.push(envelope.failureKey ?? "");
  });
  await to.connection.flush();
  const raw = Buffer.alloc(50_000, "x");
  for (let number = 0; number < 60; number++) {
    from.bus.publish("big", { ...outbound(""), raw, failureTo: "nobody", failureKey: String(number) });
  }
  await until(() => got.length === 60);
  assert.deepEqual(
    got,
    Array.from({ length: 60 }, (_, number) => String(number)),
  );
  await from.close();
  await to.close();
});

test("NATS: a message larger than the server takes is dropped and told", { skip }, async () => {
  const { bus, close } = await link();
  const reasons: DropReason[] = [];
  bus.onDrop((_subject, _envelope, reason) => reasons.push(reason));
  bus.publish("s", { ...outbound("1"), raw: new Uint8Array(1_048_576) });
  assert.deepEqual(reasons, ["too-large"]);
  await close();
});

test("NATS: what waits is bounded; beyond, messages are dropped and told", { skip }, async () => {
  const { bus, close } = await link(server, { outgoingLimit: 100_000 });
  const reasons: DropReason[] = [];
  bus.onDrop((_subject, _envelope, reason) => reasons.push(reason));
  for (let number = 0; number < 1000; number++) bus.publish("s", inbound(number));
  assert.ok(reasons.length > 500 && reasons.length < 1000, String(reasons.length));
  assert.deepEqual(new Set(reasons), new Set(["overflow"]));
  await close();
});

test("NATS: what is no frame of ours is counted and hinders nothing", { skip }, async () => {
  const connection = await connectNats({ servers: [server.url] }, "test", () => {});
  const failures: string[] = [];
  const bus = natsBus(connection, {
    clock,
    observer: { published() {}, received() {}, dropped() {}, failed: (where) => failures.push(where) },
  });
  let got = 0;
  bus.subscribe("s", () => {
    got += 1;
  });
  const stranger = await link();
  await connection.flush();
  stranger.connection.publish("s", Buffer.from("\xff\xff\xff\xff not protobuf", "latin1"));
  stranger.bus.publish("s", outbound("1"));
  await until(() => got === 1 && failures.length === 1);
  assert.deepEqual(failures, ["frame"]);
  await stranger.close();
  await bus.close();
  await connection.close();
});

test("NATS: while it is away senders learn of it in time; afterwards all heals", { skip }, async () => {
  const own = await Nats.start();
  const [edge, member] = await Promise.all([link(own), link(own)]);
  try {
    const got: Envelope[] = [];
    edge.bus.subscribe("sipmesh.edge.e1", (envelope) => got.push(envelope));
    const failures: Envelope[] = [];
    member.bus.subscribe("sipmesh.transaction.m1", (envelope) => failures.push(envelope));
    await edge.connection.flush();
    await own.kill();
    await until(() => member.bus.state === "away");
    const began = performance.now();
    const wanted = { failureTo: "sipmesh.transaction.m1", failureKey: "k", callId: "c" };
    member.bus.publish("sipmesh.edge.e1", outbound("lost", wanted));
    await until(() => failures.length === 1);
    assert.ok(performance.now() - began < 4500);
    member.bus.publish("sipmesh.edge.e1", outbound("lost at once", wanted));
    await until(() => failures.length === 2, 100);

    await own.resume();
    await until(() => member.bus.state === "connected" && edge.bus.state === "connected", 10_000);
    member.bus.publish("sipmesh.edge.e1", outbound("found"));
    await until(() => got.length === 1);
    assert.ok(got[0]?.kind === "outbound" && Buffer.from(got[0].raw).toString().endsWith("found"));
  } finally {
    await edge.close();
    await member.close();
    await own.stop();
  }
});

test("NATS: a server that hangs gives nothing back, which is seen before the connection is given up", {
  skip,
}, async () => {
  const own = await Nats.start();
  const { bus, close } = await link(own);
  try {
    bus.listen("sipmesh.presence", () => {});
    bus.signal("sipmesh.presence", new Uint8Array(1));
    await until(() => bus.silence < 100);
    await own.freeze();
    await until(() => {
      bus.signal("sipmesh.presence", new Uint8Array(1));
      return bus.silence > 1000;
    });
    assert.equal(bus.state, "connected");
    own.thaw();
    // What it gives back first was sent long ago.
    await until(() => {
      bus.signal("sipmesh.presence", new Uint8Array(1));
      return bus.silence < 500;
    });
  } finally {
    await close();
    await own.stop();
  }
});

test("NATS: what is published in a short break is held and sent after it", { skip }, async () => {
  const [from, to] = await Promise.all([link(), link()]);
  const got: Envelope[] = [];
  to.bus.subscribe("s", (envelope) => got.push(envelope));
  await to.connection.flush();
  await from.connection.reconnect();
  await until(() => from.bus.state === "away");
  from.bus.publish("s", outbound("held"));
  await until(() => got.length === 1);
  await from.close();
  await to.close();
});
