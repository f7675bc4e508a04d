import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { GRAIN, systemClock } from "./system-clock.ts";

function rethrow(error: unknown): never {
  throw error;
}

test("a timer never runs early and is late by no more than the grain and the event loop's delay", async (t) => {
  const clock = systemClock(rethrow);
  t.after(() => clock.close());
  const late = await Promise.all(
    [0, 1, 7, 8, 9, 33, 50, 101].map(
      (ms) =>
        new Promise<number>((resolve) => {
          const start = performance.now();
          clock.after(ms, () => resolve(performance.now() - start - ms));
        }),
    ),
  );
  for (const ms of late) {
    assert.ok(ms >= 0, `early by ${-ms} ms`);
    assert.ok(ms < GRAIN + 100, `late by ${ms} ms`);
  }
});

test("a timer set from within a timer runs, and an earlier one set later is not held up by a long one", async (t) => {
  const clock = systemClock(rethrow);
  t.after(() => clock.close());
  clock.after(60_000, assert.fail);
  await new Promise<void>((resolve) => clock.after(5, () => clock.after(5, resolve)));
});

test("now is whole milliseconds near the wall clock and never goes back", () => {
  const clock = systemClock(rethrow);
  let last = clock.now();
  assert.ok(Number.isInteger(last));
  assert.ok(Math.abs(last - Date.now()) < 1000);
  for (let i = 0; i < 100_000; i += 1) {
    const now = clock.now();
    assert.ok(now >= last);
    last = now;
  }
  clock.close();
});

test("after close nothing runs any more", async () => {
  const clock = systemClock(rethrow);
  clock.after(1, assert.fail);
  clock.close();
  clock.after(1, assert.fail).cancel();
  await sleep(40);
});

test("setting and cancelling 100,000 timers beside 100,000 others costs at most some microseconds each", () => {
  const clock = systemClock(rethrow);
  for (let i = 0; i < 100_000; i += 1) clock.after(1000 + (i % 32_000), assert.fail);
  const start = performance.now();
  for (let i = 0; i < 100_000; i += 1) clock.after(i % 32_000, assert.fail).cancel();
  const each = ((performance.now() - start) * 1000) / 100_000;
  clock.close();
  assert.ok(each < 10, `${each} µs`);
});
