import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { isLater, type Progress } from "./progress.ts";

const progress = fc.record(
  { answered: fc.boolean(), since: fc.integer({ min: 1, max: 4 }), at: fc.integer({ min: 0, max: 4 }) },
  { noNullPrototype: true },
);

describe("of two states of a call", () => {
  for (const [what, one, other] of [
    [
      "the one with a final response, whatever list it went by",
      { answered: true, since: 1, at: 0 },
      { answered: false, since: 9, at: 9 },
    ],
    ["the one that went by the later list", { answered: true, since: 2, at: 0 }, { answered: true, since: 1, at: 9 }],
    ["the younger one of the same owner", { answered: false, since: 1, at: 2 }, { answered: false, since: 1, at: 1 }],
  ] as const satisfies readonly (readonly [string, Progress, Progress])[]) {
    it(`the later is ${what}`, () => {
      assert.equal(isLater(one, other), true);
      assert.equal(isLater(other, one), false);
    });
  }

  it("all agree which is the later, in whatever order they hear of them", () => {
    const latest = (states: readonly Progress[]) =>
      states.reduce((best, state) => (isLater(state, best) ? state : best));
    fc.assert(
      fc.property(fc.array(progress, { minLength: 1, maxLength: 6 }), (states) => {
        assert.deepEqual(latest(states), latest(states.toReversed()));
      }),
    );
  });
});
