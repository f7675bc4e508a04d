import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { missing, Nats } from "@sipmesh/drivers";
import { type ClosableClock, systemClock } from "@sipmesh/environment";
import { until } from "@sipmesh/environment/testing";
import { NatsBucket } from "./nats-bucket.ts";
import { natsStore } from "./nats-store.ts";
import { Conflict, type Store, StoreAway } from "./store.ts";
import { describe, storeContract } from "./testing/store-contract.ts";

const skip = missing("nats-server");
let server: Nats;
let clock: ClosableClock;
const connections: NatsConnection[] = [];
let prefixes = 0;

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

async function link(to: Nats = server): Promise<NatsConnection> {
  const connection = await connect({ servers: to.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  connections.push(connection);
  return connection;
}

async function fresh(): Promise<Store> {
  return natsStore(await link(), { clock, prefix: `p${prefixes++}` });
}

storeContract("jetstream", fresh, { skip });

test("jetstream: two processes see each other's writes, and one of them wins", { skip }, async () => {
  const prefix = `p${prefixes++}`;
  const [one, other] = await Promise.all(
    [await link(), await link()].map(async (connection) => natsStore(connection, { clock, prefix }).bucket("shared")),
  );
  assert.ok(one && other);
  const story: string[] = [];
  const watch = await other.watch((change) => story.push(change.key));
  const revision = await one.create("key", Buffer.from("1"));
  assert.equal((await other.get("key"))?.revision, revision);
  await other.update("key", Buffer.from("2"), revision);
  await assert.rejects(one.update("key", Buffer.from("3"), revision), { code: "store-conflict" });
  await until(() => story.length === 2);
  watch.close();
});

test("jetstream: while the server is away calls fail in time; afterwards all heals by itself", { skip }, async () => {
  const own = await Nats.start();
  const connection = await link(own);
  const store = natsStore(connection, { clock, prefix: "heal", deadline: 1000 });
  try {
    const kept = await store.bucket("kept");
    const passing = await store.bucket("passing", { memory: true });
    await kept.put("stays", Buffer.from("1"));
    await passing.put("goes", Buffer.from("1"));
    const story: string[] = [];
    await kept.watch((change) => story.push(`kept ${describe(change)}`));
    await passing.watch((change) => story.push(`passing ${describe(change)}`));

    await own.kill();
    const began = performance.now();
    await assert.rejects(kept.put("stays", Buffer.from("2")), StoreAway);
    await assert.rejects(passing.get("goes"), StoreAway);
    assert.ok(performance.now() - began < 3000);
    assert.equal(store.state, "away");

    await own.resume();
    await until(() => store.state === "connected", 10_000);
    await until(() => story.includes("passing goes removed"), 10_000);
    assert.equal(Buffer.from((await kept.get("stays"))?.value ?? []).toString(), "1");
    assert.equal(await passing.get("goes"), undefined);
    story.length = 0;
    await kept.put("stays", Buffer.from("3"));
    await passing.put("new", Buffer.from("4"));
    await until(() => story.includes("kept stays=3") && story.includes("passing new=4"), 10_000);
  } finally {
    await store.close();
    await connection.close();
    await own.stop();
  }
});

test("jetstream: a call that begins while the server is away for a moment goes through, and is written once", {
  skip,
}, async () => {
  const own = await Nats.start();
  const connection = await link(own);
  const store = natsStore(connection, { clock, prefix: "moment", deadline: 5000 });
  try {
    const bucket = await store.bucket("b");
    const revision = await bucket.create("key", Buffer.from("1"));
    await own.kill();
    await until(() => store.state === "away", 5000);
    const [updated, read] = [bucket.update("key", Buffer.from("2"), revision), bucket.get("key")];
    await own.resume();
    assert.ok((await updated) > revision);
    assert.ok((await read) !== undefined);
    assert.equal(Buffer.from((await bucket.get("key"))?.value ?? []).toString(), "2");
  } finally {
    await store.close();
    await connection.close();
    await own.stop();
  }
});

test("jetstream: a write waits for as long as an election takes, where it may; a read does not", { skip }, async () => {
  const own = await Nats.start();
  const connection = await link(own);
  const bucket = new NatsBucket({
    name: "b",
    stored: "election-b",
    connection,
    jetstream: jetstream(connection, { timeout: 1000 }),
    memory: false,
    replicas: 1,
    clock,
    deadline: 1000,
    writeDeadline: 20_000,
    isConnected: () => true,
    observer: undefined,
  });
  try {
    await bucket.open();
    const revision = await bucket.create("key", Buffer.from("1"));
    await own.freeze();
    const updated = bucket.update("key", Buffer.from("2"), revision);
    await assert.rejects(bucket.get("key"), StoreAway);
    own.thaw();
    // Of the tries that the server finds when it wakes up one is carried out; its answer or a later one's tells so.
    await updated.catch((error: unknown) => assert.ok(error instanceof Conflict));
    assert.equal(Buffer.from((await bucket.get("key"))?.value ?? []).toString(), "2");
  } finally {
    bucket.close();
    await connection.close();
    await own.stop();
  }
});

test("jetstream: a server that hangs is answered for within the deadline", { skip }, async () => {
  const own = await Nats.start();
  const connection = await link(own);
  const store = natsStore(connection, { clock, prefix: "hang", deadline: 300 });
  try {
    const bucket = await store.bucket("b");
    await own.freeze();
    const began = performance.now();
    await assert.rejects(bucket.get("key"), StoreAway);
    assert.ok(performance.now() - began < 1000);
    assert.equal(store.state, "away");
    own.thaw();
    await until(() => store.state === "connected", 10_000);
    assert.equal(await bucket.get("key"), undefined);
  } finally {
    await store.close();
    await connection.close();
    await own.stop();
  }
});

/** Consumers that the server keeps for a bucket. */
async function consumersOf(connection: NatsConnection, stored: string): Promise<number> {
  const manager = await jetstream(connection).jetstreamManager();
  const names: string[] = [];
  for await (const { name } of manager.consumers.list(`KV_${stored}`)) names.push(name);
  return names.length;
}

test("jetstream: a watch is one consumer, a walk none afterwards, and who closes leaves none", { skip }, async () => {
  const connection = await link();
  const prefix = `p${prefixes++}`;
  const bucket = await natsStore(connection, { clock, prefix }).bucket("b");
  for (const key of ["one", "two", "three"]) await bucket.put(key, Buffer.from(key));
  const told: string[] = [];
  const watch = await bucket.watch((change) => told.push(change.key));
  assert.deepEqual(told.sort(), ["one", "three", "two"]);
  const walked: string[] = [];
  for await (const { key } of bucket.entries()) walked.push(key);
  assert.deepEqual(walked.sort(), ["one", "three", "two"]);
  await until(async () => (await consumersOf(connection, `${prefix}-b`)) === 1);
  watch.close();
  await until(async () => (await consumersOf(connection, `${prefix}-b`)) === 0);
});

test("jetstream: a server that is too slow to answer is asked for one consumer, however often", { skip }, async () => {
  const own = await Nats.start();
  const connection = await link(own);
  const failures: unknown[] = [];
  const observer = { answered() {}, failed: (_where: string, error: unknown) => failures.push(error) };
  const store = natsStore(connection, { clock, prefix: "slow", deadline: 300, observer });
  const bucket = await store.bucket("b");
  await bucket.put("key", Buffer.from("1"));
  const told: string[] = [];
  try {
    await own.freeze();
    const watching = bucket.watch((change) => told.push(change.key));
    await until(() => failures.length >= 3, 10_000);
    own.thaw();
    await watching;
    await bucket.put("other", Buffer.from("2"));
    await until(() => told.includes("other"));
    assert.deepEqual(told, ["key", "other"]);
    await until(async () => (await consumersOf(connection, "slow-b")) === 1);
  } finally {
    own.thaw();
    await store.close();
    await own.stop();
  }
});

test("jetstream: nonsense where changes are told makes a watch begin anew, and ends nothing", { skip }, async () => {
  const connection = await link();
  const prefix = `p${prefixes++}`;
  const failures: string[] = [];
  const observer = { answered() {}, failed: (_where: string, error: unknown) => failures.push(String(error)) };
  const bucket = await natsStore(connection, { clock, prefix, observer }).bucket("b");
  const told: string[] = [];
  const watch = await bucket.watch((change) => told.push(change.key));
  const manager = await jetstream(connection).jetstreamManager();
  for await (const { config } of manager.consumers.list(`KV_${prefix}-b`))
    connection.publish(config.deliver_subject ?? "", Buffer.from("nonsense"));
  await until(() => failures.some((text) => text.includes("names no place in a stream")));
  await bucket.put("key", Buffer.from("1"));
  await until(() => told.includes("key"));
  watch.close();
});

test("jetstream: a watch whose consumer is gone begins anew, and tells what was removed meanwhile", {
  skip,
}, async () => {
  const connection = await link();
  const prefix = `p${prefixes++}`;
  const bucket = await natsStore(connection, { clock, prefix }).bucket("b");
  const manager = await jetstream(connection).jetstreamManager();
  for (const key of ["stays", "goes"]) await bucket.put(key, Buffer.from("1"));
  const story: string[] = [];
  const watch = await bucket.watch((change) => story.push(describe(change)));
  const before = story.length;
  await manager.streams.purge(`KV_${prefix}-b`, { filter: `$KV.${prefix}-b.goes` });
  for await (const { name } of manager.consumers.list(`KV_${prefix}-b`))
    await manager.consumers.delete(`KV_${prefix}-b`, name);
  await bucket.put("comes", Buffer.from("2"));
  await until(
    () =>
      story.some((line) => line.includes("comes")) &&
      story.some((line) => line.includes("goes") && line !== story[0] && line !== story[1]),
    10_000,
  );
  assert.ok(story.length > before);
  watch.close();
});
