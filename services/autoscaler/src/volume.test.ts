import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HeardReport, Load } from "@sipmesh/runtime";
import { ranksOf } from "./ranks.ts";
import { type Teller, type Volume, volumeOf } from "./volume.ts";

const STALE = 15_000;
const NOW = 1_000_000;

/** Reports of one instance, a second apart; the last was heard so many milliseconds ago. */
function reports(instance: string, begun: readonly number[], more: Partial<Load> = {}, ago = 0): HeardReport[] {
  return begun.map((count, index) => ({
    heard: NOW - ago - (begun.length - 1 - index) * 1000,
    report: {
      instance,
      pod: `pod-of-${instance}`,
      node: "n",
      at: 50_000 + index * 1000,
      delay: { mean: 20, longest: 200 },
      targets: { transaction: { work: "calls", begun: count, ...more } },
    },
  }));
}

const teller = (instance: string, heard: HeardReport[], since = 0): Teller => ({ instance, since, reports: heard });
const volume = (...tellers: Teller[]) => volumeOf("transaction", tellers, NOW, STALE);

describe("What a target has to do", () => {
  it("is what its instances told over the window, added up; delays are averaged", () => {
    const told = volume(
      teller("a", reports("a", [100, 110, 130], { inProgress: 4 })),
      teller("b", reports("b", [0, 5, 10], { inProgress: 1 }, 400)),
    );
    assert.ok(told.known);
    const { instances, ...sums } = told;
    assert.deepEqual(sums, {
      known: true,
      work: "calls",
      perSecond: 20,
      inProgress: 5,
      delay: 0.02,
      heard: NOW - 400,
    });
    assert.deepEqual(
      instances.map(({ pod, perSecond }) => [pod, perSecond]),
      [
        ["pod-of-a", 15],
        ["pod-of-b", 5],
      ],
    );
  });

  it("is not known, and not 0, where nobody is there", () => {
    assert.deepEqual(volume(), { known: false, reason: "no instance runs transaction" });
  });

  it("is not known where one who is there has been silent for longer than 15 s: the rest is not all", () => {
    const busy = teller("a", reports("a", [0, 50]));
    assert.deepEqual(volume(busy, teller("b", reports("b", [0, 1], {}, 15_001))), {
      known: false,
      reason: "b has not told its load for 15 s",
    });
    assert.ok(volume(busy, teller("b", reports("b", [0, 1], {}, 15_000))).known);
    assert.deepEqual(volume(busy, teller("b", [])), { known: false, reason: "b has not told its load" });
    assert.deepEqual(volume(busy, teller("b", reports("b", [9]))), {
      known: false,
      reason: "b has told its load only once",
    });
  });

  it("leaves out who came just now: it has hardly begun", () => {
    const told = volume(teller("a", reports("a", [0, 50])), teller("b", reports("b", [0]), NOW - 2999));
    assert.ok(told.known);
    assert.equal(told.perSecond, 50);
    assert.equal(volume(teller("b", [], NOW - 100)).known, false);
  });

  it("has no calls in progress where one of its instances does not count them", () => {
    const told = volume(teller("a", reports("a", [0, 1], { inProgress: 7 })), teller("b", reports("b", [0, 1])));
    assert.ok(told.known);
    assert.equal(told.inProgress, undefined);
  });

  it("counts an instance for the targets that it tells of, and no other", () => {
    const other = volumeOf("routing", [teller("a", reports("a", [0, 1]))], NOW, STALE);
    assert.deepEqual(other, { known: false, reason: "a has not told its load" });
  });
});

describe("The ranks of pods", () => {
  const ranks = (...inProgress: readonly (readonly [string, number | undefined, number])[]) => {
    const tellers = inProgress.map(([name, count, rate]) =>
      teller(name, reports(name, [0, rate], count === undefined ? {} : { inProgress: count })),
    );
    return Object.fromEntries(ranksOf([volume(...tellers)]));
  };

  it("pods with fewer calls in progress go first", () => {
    const { "pod-of-a": idle, "pod-of-b": some, "pod-of-c": many } = ranks(["a", 0, 9], ["b", 10, 9], ["c", 300, 0]);
    assert.equal(idle, 0);
    assert.ok((some ?? 0) > 0 && (some ?? 0) < (many ?? 0), `${some} ${many}`);
  });

  it("go by the rate where nobody counts what is in progress", () => {
    const { "pod-of-a": slow, "pod-of-b": quick } = ranks(["a", undefined, 3], ["b", undefined, 200]);
    assert.ok((slow ?? 0) < (quick ?? 0));
  });

  it("are the same for much the same work, so that they are seldom written", () => {
    assert.deepEqual(ranks(["a", 100, 0], ["b", 107, 0], ["c", 95, 0]), {
      "pod-of-a": 7,
      "pod-of-b": 7,
      "pod-of-c": 7,
    });
  });

  it("are unknown where the load is", () => {
    const silent: Volume = { known: false, reason: "b is silent" };
    assert.equal(ranksOf([silent]).size, 0);
  });
});
