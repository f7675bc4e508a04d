import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { VirtualClock } from "@sipmesh/environment/testing";
import { Claims } from "./claims.ts";

describe("a call that became ours", () => {
  let clock: VirtualClock;
  let asked: string[];
  let claims: Claims;
  let resumed: number;
  const resume = () => resumed++;

  beforeEach(() => {
    clock = new VirtualClock();
    asked = [];
    resumed = 0;
    claims = new Claims({
      clock,
      ask: (member, callId, copies) => asked.push(`${member} ${callId}${copies ? " copies" : ""}`),
    });
  });

  it("is asked for once, and every message waits until all have answered", () => {
    assert.ok(claims.ask("call", { owners: ["a", "b"], successors: ["c"] }, resume));
    assert.ok(claims.ask("call", { owners: ["a", "b"], successors: ["c"] }, resume));
    assert.deepEqual(asked, ["a call", "b call"]);
    claims.answered("a", "call");
    assert.equal(resumed, 0);
    claims.answered("b", "call");
    assert.equal(resumed, 2);
    assert.equal(claims.ask("call", { owners: ["a"], successors: [] }, resume), false, "they have said all they know");
  });

  it("is asked for at who had copies where its owner does not answer, and then taken to be new", async () => {
    claims.ask("call", { owners: ["dead"], successors: ["c"] }, resume);
    await clock.pass(3100);
    assert.deepEqual(asked, ["dead call", "c call copies"]);
    await clock.pass(3100);
    assert.equal(resumed, 1);
    assert.equal(clock.timers, 0);
  });

  it("is asked for at who had copies at once where its owner is gone", () => {
    claims.ask("call", { owners: [], successors: ["c"] }, resume);
    assert.deepEqual(asked, ["c call copies"]);
    claims.answered("c", "call");
    assert.equal(resumed, 1);
  });

  it("is asked for anew after the list of owners has changed", () => {
    claims.ask("call", { owners: ["a"], successors: [] }, resume);
    claims.answered("a", "call");
    claims.forget();
    assert.ok(claims.ask("call", { owners: ["b"], successors: [] }, resume));
  });

  it("need not be asked for where nobody can know of it", () => {
    assert.equal(claims.ask("call", { owners: [], successors: [] }, resume), false);
  });
});
