import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SeededRandom } from "./seeded-random.ts";

describe("seeded chance", () => {
  it("is the same for the same seed and purpose, and another for others", () => {
    const draw = (seed: string, purpose: string) => new SeededRandom(seed).fork(purpose).token(20);
    assert.equal(draw("1", "a"), draw("1", "a"));
    assert.equal(new Set([draw("1", "a"), draw("1", "b"), draw("2", "a"), draw("11", "a")]).size, 4);
  });
  it("does not depend on what another source draws", () => {
    const one = new SeededRandom("1");
    const fork = one.fork("x");
    one.bytes(100);
    assert.equal(fork.token(10), new SeededRandom("1").fork("x").token(10));
  });
  it("is even", () => {
    const random = new SeededRandom("1");
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const drawn = random.integer(10);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }
    for (const count of counts) assert.ok(count > 850 && count < 1150, String(counts));
  });
});
