import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@sipmesh/environment/testing";
import { RecentKeys } from "./recent-keys.ts";

test("a key is known for 64·T1 since it was last added, and there are so many at most", () => {
  const clock = new VirtualClock();
  const keys = new RecentKeys<number>(clock, 2);
  const known = () => ["a", "b", "c", "d"].map((key) => keys.get(key));
  keys.add("a", 1);
  clock.run(20_000);
  keys.add("b", 2);
  keys.add("c", 3);
  assert.deepEqual(known(), [1, 2, undefined, undefined], "there is no room for it");
  keys.add("a", 4);
  clock.run(31_000);
  assert.deepEqual(known(), [4, 2, undefined, undefined]);
  clock.run(1000);
  assert.deepEqual(known(), [undefined, undefined, undefined, undefined]);
  keys.add("c", 5);
  keys.add("d", 6);
  assert.deepEqual(known(), [undefined, undefined, 5, 6]);
});
