import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Wheel } from "./wheel.ts";

const fail = (error: unknown) => {
  throw error;
};

test("timers run in the order of the time they are due, equal ones as they were set, none early, none twice", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 100_000 }), fc.boolean()), { maxLength: 200 }),
      fc.array(fc.integer({ min: 0, max: 50_000 }), { maxLength: 50 }),
      (timers, steps) => {
        const wheel = new Wheel(8, 0);
        const ran: number[] = [];
        let now = 0;
        const entries = timers.map(([due], index) =>
          wheel.add(due, () => {
            assert.ok(now >= due, "early");
            ran.push(index);
          }),
        );
        timers.forEach(([, cancelled], index) => {
          if (cancelled) entries[index]?.cancel();
        });
        for (const step of [...steps, 200_000]) {
          now += step;
          wheel.turn(now, fail);
        }
        const expected = timers
          .map(([due, cancelled], index) => ({ due, cancelled, index }))
          .filter((timer) => !timer.cancelled)
          .sort((a, b) => a.due - b.due)
          .map((timer) => timer.index);
        assert.deepEqual(ran, expected);
        assert.equal(wheel.size, 0);
      },
    ),
    { numRuns: 300 },
  );
});

test("the next turn is never after the first slot that holds a due timer, and turning there makes progress", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 30 }), (dues) => {
      const wheel = new Wheel(8, 0);
      let now = 0;
      let left = dues.length;
      for (const due of dues) {
        wheel.add(due, () => {
          left -= 1;
          assert.ok(now >= due, "early");
          assert.ok(now <= due + 16, `due ${due}, ran at ${now}`);
        });
      }
      for (let turns = 0; left > 0; turns += 1) {
        assert.ok(turns < 1000);
        const next = wheel.nextTurn();
        assert.ok(next !== undefined && next > now - 8);
        now = Math.max(now, next);
        wheel.turn(now, fail);
      }
      assert.equal(wheel.nextTurn(), undefined);
    }),
  );
});

test("a timer can cancel another one that is due in the same turn, and set a new one", () => {
  const wheel = new Wheel(8, 0);
  const ran: string[] = [];
  wheel.add(10, () => {
    ran.push("first");
    second.cancel();
    wheel.add(10, () => ran.push("new"));
  });
  const second = wheel.add(11, () => ran.push("second"));
  wheel.turn(100, fail);
  assert.deepEqual(ran, ["first"]);
  wheel.turn(108, fail);
  assert.deepEqual(ran, ["first", "new"]);
  second.cancel();
  assert.equal(wheel.size, 0);
});

test("a timer whose function throws is reported and stops no other", () => {
  const wheel = new Wheel(8, 0);
  const reported: unknown[] = [];
  let ran = false;
  wheel.add(1, () => {
    throw new Error("broken");
  });
  wheel.add(2, () => {
    ran = true;
  });
  wheel.turn(10_000, (error) => reported.push(error));
  assert.equal(ran, true);
  assert.match(String(reported[0]), /broken/);
});
