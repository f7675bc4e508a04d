import assert from "node:assert/strict";
import { test } from "node:test";
import { settled, VirtualClock } from "@sipmesh/environment/testing";
import { memoryStore, type Store, StoreAway } from "@sipmesh/store";
import { encodePlace, nodeKey, PLACES, serviceKey } from "./place.ts";
import { Places } from "./places.ts";

const node = { external: ["203.0.113.5"], internal: ["10.0.0.1"], unschedulable: false };
const service = {
  type: "LoadBalancer",
  addresses: ["203.0.113.9"],
  ports: [{ transport: "udp", port: 5060, nodePort: 31_000 }],
};

test("what is published is known, and followed; what nobody asked for is left alone", async () => {
  const store = memoryStore();
  const bucket = await store.bucket(PLACES);
  await bucket.put(nodeKey("n1"), encodePlace(node));
  let changes = 0;
  const clock = new VirtualClock();
  const changed = () => {
    changes += 1;
  };
  const failures: unknown[] = [];
  const failed = (error: unknown) => failures.push(error);
  const places = new Places({ store, clock, nodes: ["n1"], services: ["sip"], changed, failed });
  await places.known;
  assert.deepEqual(places.node("n1"), node);
  assert.equal(places.service("sip"), undefined);
  await bucket.put(serviceKey("sip"), encodePlace(service));
  await bucket.put(nodeKey("n2"), encodePlace(node));
  await settled();
  assert.deepEqual(places.service("sip"), service);
  assert.equal(places.node("n2"), undefined);
  assert.equal(changes, 2);
  await bucket.remove(serviceKey("sip"));
  await bucket.put(nodeKey("n1"), Buffer.from("{}"));
  await settled();
  assert.equal(places.service("sip"), undefined);
  assert.equal(places.node("n1"), undefined, "what cannot be read is told, and not used");
  assert.equal(failures.length, 1);
  places.close();
});

test("a store that is away is asked again", async () => {
  const real = memoryStore();
  await (await real.bucket(PLACES)).put(nodeKey("n1"), encodePlace(node));
  let away = true;
  const store = {
    ...real,
    bucket: (name: string) => (away ? Promise.reject(new StoreAway("bucket")) : real.bucket(name)),
  } as Store;
  const clock = new VirtualClock();
  const failures: unknown[] = [];
  const places = new Places({ store, clock, nodes: ["n1"], changed() {}, failed: (error) => failures.push(error) });
  await clock.pass(3000);
  assert.ok(failures.length >= 3);
  assert.equal(places.node("n1"), undefined);
  away = false;
  await clock.pass(1000);
  await places.known;
  assert.deepEqual(places.node("n1"), node);
  places.close();
  assert.equal(clock.timers, 0);
});
