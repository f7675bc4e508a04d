import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RecentRequests } from "./recent-requests.ts";

const CALL = 4711;

describe("what became of recent requests", () => {
  it("a copy of what was let in is let in, a copy of what was refused is refused, until 64·T1 are over", () => {
    const recent = new RecentRequests(100);
    recent.admit(1, 1, 0, false, 0);
    recent.refuse(2, 1, 0);
    assert.equal(recent.meet(1, 1, false, 32_000), "admitted");
    assert.equal(recent.meet(2, 1, false, 32_000), "refused");
    assert.equal(recent.meet(1, 1, false, 32_001), "new");
    assert.equal(recent.meet(2, 1, false, 32_001), "new");
  });

  it("who was refused may try again with the next CSeq", () => {
    const recent = new RecentRequests(100);
    recent.refuse(CALL, 1, 0);
    assert.equal(recent.meet(CALL, 2, false, 10), "new");
  });

  it("the same request with the credentials that it was asked for goes on where it was let in", () => {
    const recent = new RecentRequests(100);
    recent.admit(CALL, 1, 0, true, 0);
    assert.equal(recent.meet(CALL, 2, true, 10), "new", "it was not answered yet");
    recent.answer(CALL, true, 20);
    assert.equal(recent.meet(CALL, 2, false, 30), "new", "it brings none");
    assert.equal(recent.meet(CALL, 3, true, 30), "new", "there is one between them");
    assert.equal(recent.meet(CALL, 2, true, 30), "admitted");
    recent.admit(CALL, 2, 0, true, 30);
    assert.equal(recent.settingUp, 1);
    assert.equal(recent.meet(CALL, 2, true, 31), "admitted", "and so does a copy of that");
  });

  it("who repeats one Call-ID without end is counted as new again", () => {
    const recent = new RecentRequests(100);
    recent.admit(CALL, 1, 0, true, 0);
    const met = Array.from({ length: 30 }, () => recent.meet(CALL, 1, false, 1));
    assert.deepEqual([met.filter((one) => one === "admitted").length, met.at(-1)], [24, "new"]);
  });

  it("a call is set up at its final response; forgotten by its owner it is over after four minutes, unheard after 64·T1", () => {
    const recent = new RecentRequests(100);
    recent.admit(CALL, 1, 7, true, 0);
    recent.admit(CALL, 1, 7, true, 500);
    assert.deepEqual([recent.settingUp, recent.unanswered(7)], [1, 1]);
    assert.deepEqual(recent.answer(CALL, false, 40), { after: 40, owner: 7 });
    assert.equal(recent.answer(CALL, false, 60), undefined, "only the first response tells how long it took");
    assert.deepEqual([recent.settingUp, recent.unanswered(7)], [1, 0]);
    recent.answer(CALL, true, 5000);
    assert.equal(recent.settingUp, 0);
    recent.admit(CALL + 1, 1, 7, true, 0);
    recent.admit(CALL + 2, 1, 7, true, 0);
    recent.answer(CALL + 2, false, 40);
    recent.sweep(32_000);
    assert.deepEqual([recent.settingUp, recent.unanswered(7)], [2, 1]);
    recent.sweep(32_001);
    assert.deepEqual([recent.settingUp, recent.unanswered(7)], [1, 0]);
    recent.sweep(240_000);
    assert.equal(recent.settingUp, 1);
    recent.sweep(240_001);
    assert.deepEqual([recent.settingUp, recent.unanswered(7)], [0, 0]);
  });

  it("tells whether a call of before is still being set up, whatever has come since", () => {
    const recent = new RecentRequests(100);
    recent.admit(CALL, 1, 7, true, 10);
    recent.admit(CALL + 1, 1, 7, true, 20);
    assert.deepEqual([recent.isSettingUp(10), recent.isSettingUp(11)], [false, true]);
    recent.answer(CALL, true, 30);
    assert.deepEqual([recent.isSettingUp(20), recent.isSettingUp(21)], [false, true]);
  });

  it("counts what it remembers, whatever comes in whatever order, in however little room", () => {
    const step = fc.record({
      what: fc.constantFrom("admit", "refuse", "answer", "final", "sweep"),
      key: fc.integer({ min: 0, max: 40 }),
      cseq: fc.integer({ min: 1, max: 3 }),
      owner: fc.integer({ min: 0, max: 2 }),
      call: fc.boolean(),
      wait: fc.constantFrom(0, 1, 10_000, 100_000),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const recent = new RecentRequests(16);
        let now = 0;
        for (const { what, key, cseq, owner, call, wait } of steps) {
          now += wait;
          if (what === "admit") recent.admit(key, cseq, owner, call, now);
          else if (what === "refuse") recent.refuse(key, cseq, now);
          else if (what === "sweep") recent.sweep(now);
          else recent.answer(key, what === "final", now);
          let waiting = 0;
          const before = recent.settingUp;
          for (let one = 0; one <= 40; one += 1) if (recent.waits(one, now)) waiting += 1;
          assert.ok(before >= recent.settingUp);
          assert.equal(recent.settingUp, waiting);
          const unanswered = [0, 1, 2].map((one) => recent.unanswered(one));
          assert.ok(unanswered.every((one) => one >= 0));
          assert.ok(unanswered.reduce((sum, one) => sum + one, 0) <= waiting);
        }
      }),
    );
  });
});
