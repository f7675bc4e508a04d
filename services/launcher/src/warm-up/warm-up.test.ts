import assert from "node:assert/strict";
import { test } from "node:test";
import { warmUp } from "./warm-up.ts";

test("every call of the warm-up ends as it should, and nothing of it keeps the process alive", async () => {
  assert.equal(await warmUp(45), 45);
  const left = process.getActiveResourcesInfo().filter((name) => name === "Timeout" || name.startsWith("UDP"));
  assert.deepEqual(left, []);
});
