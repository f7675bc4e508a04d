import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { until, VirtualClock } from "@sipmesh/environment/testing";
import { DeletionCosts } from "./deletion-costs.ts";
import { MemoryKubernetes } from "./testing/memory-kubernetes.ts";

function writer() {
  const [kubernetes, clock] = [new MemoryKubernetes(""), new VirtualClock()];
  const state = { ranks: new Map<string, number>(), mine: true, errors: [] as unknown[] };
  const costs = new DeletionCosts({
    kubernetes,
    clock,
    selector: "app.kubernetes.io/instance=sipmesh",
    interval: 30_000,
    mine: () => state.mine,
    ranks: () => state.ranks,
    written() {},
    failed: (error) => state.errors.push(error),
  });
  after(() => costs.stop());
  const round = async () => {
    clock.step();
    await until(() => clock.timers === 1);
  };
  return { kubernetes, clock, state, round };
}

describe("pod-deletion-cost", () => {
  it("is written where ranks changed, at most every 30 s, on pods of the platform only", async () => {
    const { kubernetes, clock, state, round } = writer();
    kubernetes.deletionCosts.set("a", undefined).set("b", undefined).set("c", "4");
    state.ranks = new Map([
      ["a", 0],
      ["b", 3],
      ["c", 4],
      ["stranger", 9],
    ]);
    assert.equal(clock.next, 30_000);
    await round();
    assert.deepEqual(Object.fromEntries(kubernetes.deletionCosts), { a: undefined, b: "3", c: "4" });
    assert.equal(kubernetes.writes, 1);
    await round();
    assert.equal(clock.elapsed, 60_000);
    assert.equal(kubernetes.writes, 1, "written again though nothing changed");
    state.ranks = new Map([
      ["a", 0],
      ["b", 1],
    ]);
    await round();
    assert.equal(kubernetes.deletionCosts.get("b"), "1");
  });

  it("is written by one member alone, and by another when that has gone", async () => {
    const { kubernetes, state, round } = writer();
    kubernetes.deletionCosts.set("a", undefined);
    state.ranks = new Map([["a", 2]]);
    state.mine = false;
    await round();
    assert.equal(kubernetes.writes, 0);
    state.mine = true;
    await round();
    assert.equal(kubernetes.deletionCosts.get("a"), "2");
  });

  it("is tried again where it could not be written", async () => {
    const { kubernetes, state, round } = writer();
    kubernetes.deletionCosts.set("a", undefined);
    state.ranks = new Map([["a", 2]]);
    kubernetes.away = new Error("no route to host");
    await round();
    assert.equal(state.errors.length, 1);
    kubernetes.away = undefined;
    await round();
    assert.equal(kubernetes.deletionCosts.get("a"), "2");
  });

  it("is written for many pods in several rounds", async () => {
    const { kubernetes, state, round } = writer();
    for (let pod = 0; pod < 250; pod++) {
      kubernetes.deletionCosts.set(`p${pod}`, undefined);
      state.ranks.set(`p${pod}`, 1);
    }
    await round();
    assert.equal(kubernetes.writes, 200);
    await round();
    assert.equal(kubernetes.writes, 250);
  });
});
