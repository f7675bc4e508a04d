import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ageOf, frameOf, senderMark, sentByUs, withoutMark } from "./signal-frame.ts";

test("a signal's frame: known by its sender alone, gives the payload back, and tells its age for hours", () => {
  const [own, other] = [senderMark(), senderMark()];
  const time = fc.double({ min: 0, max: 1e13, noNaN: true });
  fc.assert(
    fc.property(fc.uint8Array(), time, fc.integer({ min: 0, max: 4 * 3600_000 }), (payload, sent, age) => {
      const frame = frameOf(own, sent, payload);
      assert.deepEqual([...withoutMark(frame)], [...payload]);
      assert.ok(sentByUs(frame, own) && !sentByUs(frame, other));
      assert.ok(Math.abs(ageOf(frame, sent + age) - age) <= 1);
    }),
  );
});
