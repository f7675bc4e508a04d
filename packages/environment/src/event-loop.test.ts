import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { systemEventLoop } from "./event-loop.ts";

test("waiting counts as idle, working does not", async () => {
  const loop = systemEventLoop();
  await pause(20);
  const before = loop.idle();
  const end = performance.now() + 40;
  while (performance.now() < end);
  const worked = loop.idle() - before;
  await pause(40);
  const waited = loop.idle() - before - worked;
  assert.ok(worked < 1, `${worked} ms of work counted as idle`);
  assert.ok(waited > 10, `${waited} ms of waiting counted`);
});
