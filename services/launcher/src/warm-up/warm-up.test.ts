import assert from "node:assert/strict";
import { test } from "node:test";
import { warmUp } from "./warm-up.ts";

test("every call of the warm-up ends as it should, and nothing of it keeps the process alive", async () => {
  assert.equal(await warmUp(45, () => false), 45);
  const left = process.getActiveResourcesInfo().filter((name) => name === "Timeout" || name.startsWith("UDP"));
  assert.deepEqual(left, []);
});

test("where others need the processor it ends with the calls that it has begun", async () => {
  let looks = 0;
  assert.equal(await warmUp(500, () => ++looks > 2), 40);
});
