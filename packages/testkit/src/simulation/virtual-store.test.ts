import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { memoryStore, StoreAway } from "@sipmesh/store";
import { VirtualStore } from "./virtual-store.ts";
import { World } from "./world.ts";

const value = new Uint8Array([1]);

describe("a store at a distance", () => {
  it("takes virtual time for every call", async () => {
    const world = new World(1);
    const store = new VirtualStore(memoryStore(), world.clock, world.random);
    const bucket = await world.expect("bucket", store.bucket("b"));
    const before = world.clock.elapsed;
    const revision = await world.expect("put", bucket.put("k", value));
    assert.ok(revision > 0);
    assert.ok(world.clock.elapsed > before);
    assert.deepEqual((await world.expect("get", bucket.get("k")))?.value, value);
  });

  it("fails while it is away, also a write that happened, and works when it is back", async () => {
    const world = new World(1);
    const store = new VirtualStore(memoryStore(), world.clock, world.random);
    const bucket = await world.expect("bucket", store.bucket("b"));
    store.away = true;
    await assert.rejects(world.expect("put", bucket.put("k", value)), StoreAway);
    store.away = false;
    assert.equal(await world.expect("get", bucket.get("k")), undefined);
  });
});
