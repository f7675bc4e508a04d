import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { VirtualClock } from "./virtual-clock.ts";

function clock(): VirtualClock {
  return new VirtualClock((error) => {
    throw error;
  });
}

describe("virtual time", () => {
  it("runs timers by time, those of one time in the order in which they were set, none that was cancelled", () => {
    const timer = fc.record({ ms: fc.integer({ min: 0, max: 20 }), cancelled: fc.boolean() });
    fc.assert(
      fc.property(fc.array(timer, { maxLength: 60 }), (timers) => {
        const time = clock();
        const ran: number[] = [];
        const set = timers.map(({ ms }, index) => time.after(ms, () => ran.push(index)));
        timers.forEach(({ cancelled }, index) => {
          if (cancelled) set[index]?.cancel();
        });
        while (time.next !== undefined) time.step();
        const expected = timers
          .map(({ ms, cancelled }, index) => ({ ms, cancelled, index }))
          .filter(({ cancelled }) => !cancelled)
          .sort((a, b) => a.ms - b.ms || a.index - b.index)
          .map(({ index }) => index);
        assert.deepEqual(ran, expected);
      }),
    );
  });

  it("passes only from timer to timer", () => {
    const time = clock();
    const began = time.now();
    let at = 0;
    time.after(1500, () => {
      at = time.now() - began;
      time.after(500, () => {});
    });
    assert.equal(time.now(), began);
    time.step();
    assert.equal(at, 1500);
    assert.equal(time.next, 2000);
  });

  it("reports what a timer throws, and goes on", () => {
    const errors: unknown[] = [];
    const time = new VirtualClock((error) => errors.push(error));
    time.after(1, () => {
      throw new Error("broken");
    });
    time.step();
    assert.equal(errors.length, 1);
    assert.equal(time.next, undefined);
  });
});
