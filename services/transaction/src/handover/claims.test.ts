import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Member } from "@sipmesh/cluster";
import { VirtualClock } from "@sipmesh/environment/testing";
import { Claims } from "./claims.ts";

describe("a call that became ours", () => {
  let clock: VirtualClock;
  let asked: string[];
  let claims: Claims;
  let resumed: number;
  /** Calls whose claims have ended, and how many messages had gone on by then. */
  let told: [string, number][];
  let gone: Set<string>;
  const resume = () => resumed++;
  const those = (...ids: string[]) => ids.map((id): Member => ({ id, instance: id, node: id }));

  beforeEach(() => {
    clock = new VirtualClock();
    asked = [];
    resumed = 0;
    told = [];
    gone = new Set();
    claims = new Claims({
      clock,
      ask: (member, callId, copies) => asked.push(`${member} ${callId}${copies ? " copies" : ""}`),
      isGone: ({ id }) => gone.has(id),
      told: (callId) => told.push([callId, resumed]),
    });
  });

  it("is asked for once, and every message waits until all have answered", () => {
    assert.ok(claims.ask("call", { owners: those("a", "b"), successors: those("c") }, resume));
    assert.ok(claims.ask("call", { owners: those("a", "b"), successors: those("c") }, resume));
    assert.deepEqual(asked, ["a call", "b call"]);
    claims.answered("a", "call");
    assert.deepEqual([resumed, told, claims.isOpen("call")], [0, [], true]);
    claims.answered("b", "call");
    assert.equal(resumed, 2);
    assert.deepEqual([told, claims.isOpen("call")], [[["call", 0]], false], "told before the messages go on");
    assert.equal(
      claims.ask("call", { owners: those("a"), successors: those() }, resume),
      false,
      "they have said all they know",
    );
  });

  it("is asked for at who had copies where its owner does not answer, and then taken to be new", async () => {
    claims.ask("call", { owners: those("dead"), successors: those("c") }, resume);
    await clock.pass(3100);
    assert.deepEqual(asked, ["dead call", "c call copies"]);
    await clock.pass(3100);
    assert.equal(resumed, 1);
    assert.equal(clock.timers, 0);
  });

  it("is not waited for at who turns out to be gone", async () => {
    claims.ask("call", { owners: those("dead"), successors: those("gone too") }, resume);
    gone.add("dead");
    await clock.pass(150);
    assert.deepEqual(asked, ["dead call", "gone too call copies"]);
    gone.add("gone too");
    await clock.pass(150);
    assert.equal(resumed, 1);
  });

  it("is asked for at who had copies at once where its owner is gone", () => {
    claims.ask("call", { owners: those(), successors: those("c") }, resume);
    assert.deepEqual(asked, ["c call copies"]);
    claims.answered("c", "call");
    assert.equal(resumed, 1);
  });

  it("is asked for anew after the list of owners has changed", () => {
    claims.ask("call", { owners: those("a"), successors: those() }, resume);
    claims.answered("a", "call");
    claims.forget();
    assert.ok(claims.ask("call", { owners: those("b"), successors: those() }, resume));
  });

  it("is asked for anew where the list has changed before its former owners had answered", () => {
    claims.ask("call", { owners: those("a"), successors: [] }, resume);
    claims.forget();
    claims.answered("a", "call");
    assert.equal(resumed, 1);
    assert.ok(claims.ask("call", { owners: those("b"), successors: [] }, resume));
  });

  it("need not be asked for where nobody can know of it", () => {
    assert.equal(claims.ask("call", { owners: those(), successors: those() }, resume), false);
  });
});
