import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { stepOf } from "./standing.ts";

describe("the load that others are told", () => {
  it("is never far from what it is, and stays where it is for a small change", () => {
    const load = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(load, fc.nat(8), (now, told) => {
        const step = stepOf(now, told / 8);
        assert.ok(Math.abs(now - step) <= 1 / 8);
        assert.equal(stepOf(now, step), step, "it does not go on changing");
        if (Math.abs(now - told / 8) < 1 / 16 && now >= told / 8 - 1 / 16) assert.equal(step, told / 8);
      }),
    );
  });

  it("is 1 where it wants no new calls, and only there", () => {
    assert.equal(stepOf(1, 0), 1);
    assert.equal(stepOf(0.999, 0), 0.875);
  });
});
