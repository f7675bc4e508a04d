import assert from "node:assert/strict";
import { test } from "node:test";
import { settled, VirtualClock } from "@sipmesh/environment/testing";
import { encodePlace, type NodePlace, nodeKey, PLACES } from "@sipmesh/runtime";
import { memoryStore } from "@sipmesh/store";
import { Surroundings } from "./surroundings.ts";

test("a relay on a node follows whether that is being emptied, and what the world knows it by", async () => {
  const store = memoryStore();
  const bucket = await store.bucket(PLACES);
  const place = (unschedulable: boolean): NodePlace => ({
    external: ["2001:db8::7", "203.0.113.7"],
    internal: ["10.0.0.7"],
    unschedulable,
  });
  await bucket.put(nodeKey("n1"), encodePlace(place(false)));
  let changes = 0;
  const options = {
    clock: new VirtualClock(),
    store,
    node: "n1",
    changed() {
      changes += 1;
    },
    failed: (error: unknown) => assert.fail(String(error)),
  };
  const on = new Surroundings({ ...options, config: { node: true } });
  const elsewhere = new Surroundings({ ...options, config: { node: false } });
  await settled();
  assert.equal(on.external("10.0.0.7"), "203.0.113.7");
  assert.equal(on.external("10.0.0.8"), undefined, "another address of this host");
  assert.equal(on.emptied, false);
  await bucket.put(nodeKey("n1"), encodePlace(place(true)));
  await settled();
  assert.deepEqual([on.emptied, changes], [true, 2]);
  assert.deepEqual([elsewhere.emptied, elsewhere.external("10.0.0.7")], [false, undefined]);
  on.close();
  elsewhere.close();
});
