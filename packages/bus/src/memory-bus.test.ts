import assert from "node:assert/strict";
import { test } from "node:test";
import type { Envelope } from "./bus.ts";
import { memoryBus } from "./memory-bus.ts";
import { busContract } from "./testing/bus-contract.ts";
import { outbound } from "./testing/envelopes.ts";

busContract(
  "memory",
  async () => {
    const bus = memoryBus();
    return { from: bus, to: bus, close: () => bus.close() };
  },
  { skip: false },
);

test("memory: the very object is handed over", async () => {
  const bus = memoryBus();
  const got: Envelope[] = [];
  bus.subscribe("s", (envelope) => got.push(envelope));
  const sent = outbound("1");
  bus.publish("s", sent);
  assert.equal(got.length, 0);
  await Promise.resolve();
  assert.equal(got[0], sent);
});

test("memory: a message for nobody is dropped, counted and told", async () => {
  const dropped: string[] = [];
  const bus = memoryBus({
    published() {},
    received() {},
    dropped: (envelopes, reason) => dropped.push(`${envelopes} ${reason}`),
    failed() {},
  });
  const failures: Envelope[] = [];
  bus.subscribe("sipmesh.transaction.m1", (envelope) => failures.push(envelope));
  const told: string[] = [];
  bus.onDrop((subject, _envelope, reason) => told.push(`${subject} ${reason}`));
  bus.publish("gone", outbound("1", { failureTo: "sipmesh.transaction.m1", failureKey: "k", callId: "c" }));
  await Promise.resolve();
  assert.deepEqual(dropped, ["1 away"]);
  assert.deepEqual(told, ["gone away"]);
  assert.deepEqual(failures, [{ kind: "send-failure", key: "k", callId: "c", reason: "the edge cannot be reached" }]);
});
