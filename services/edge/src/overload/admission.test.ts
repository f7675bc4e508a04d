import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Admission, type Applicant, type Refusal, type Share } from "./admission.ts";

/** An edge at a time of its own, whose event loop is as busy as the test says. */
class Stage {
  now = 1_000_000;
  idle = 0;
  /** Whether the loop has pauses while time passes. */
  pauses = true;
  readonly admission: Admission;
  #key = 0;

  constructor(share: Share = {}, delay = 250) {
    const { now } = this;
    this.admission = new Admission({ burst: 1, delay, remembered: 100_000, share, now, idle: () => this.idle });
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
    if (this.pauses) this.idle += milliseconds;
  }

  /** A request that nobody has seen before. */
  offer(precedence: Applicant["precedence"] = "call", parts: Partial<Applicant> = {}): Refusal | undefined {
    this.#key += 1;
    const isCall = precedence !== "other";
    const applicant = { precedence, key: this.#key, cseq: 1, isCall, credentials: false, owner: 1, ...parts };
    return this.admission.judge(applicant, this.now);
  }

  /** The last one gets its final response. */
  answer(key = this.#key): void {
    this.admission.answered(key, true, this.now);
  }

  /** So many a second, evenly, for so long; each is answered at once. @returns those let in */
  run(perSecond: number, seconds: number, precedence: Applicant["precedence"] = "call"): number {
    let admitted = 0;
    for (let i = 0; i < perSecond * seconds; i += 1) {
      this.pass(1000 / perSecond);
      if (this.offer(precedence) !== undefined) continue;
      admitted += 1;
      this.answer();
    }
    return admitted;
  }
}

describe("admission", () => {
  it("without limits and pressure lets in everybody", () => {
    const stage = new Stage();
    assert.equal(stage.run(500, 10), 5000);
    assert.equal(stage.run(500, 2, "other"), 1000);
  });

  it("of 60 calls a second with a limit of 20 lets in 20, and the burst", () => {
    const stage = new Stage({ callsPerSecond: 20 });
    const admitted = stage.run(60, 30);
    assert.ok(admitted >= 600 && admitted <= 621, `${admitted}`);
    assert.equal(stage.offer(), "rate");
  });

  it("REGISTER and the like have a limit of their own", () => {
    const stage = new Stage({ callsPerSecond: 1, requestsPerSecond: 10 });
    const admitted = stage.run(50, 10, "other");
    assert.ok(admitted >= 100 && admitted <= 110, `${admitted}`);
    assert.equal(stage.offer(), undefined);
  });

  it("emergency and priority calls pass where others have used up the limit, which pay for them", () => {
    const stage = new Stage({ callsPerSecond: 10 });
    stage.run(100, 2);
    assert.equal(stage.offer(), "rate");
    assert.equal(stage.offer("emergency"), undefined);
    assert.equal(stage.offer("priority"), undefined);
    stage.pass(200);
    assert.equal(stage.offer(), "rate", "two calls' time was used by those two");
    stage.pass(100);
    assert.equal(stage.offer(), undefined);
  });

  it("but not without bound: as many as the limit, and its burst once more", () => {
    const stage = new Stage({ callsPerSecond: 10 });
    assert.ok(stage.run(100, 10, "emergency") <= 100 + 10 + 10);
  });

  it("calls in set-up are limited; a final response makes room", () => {
    const stage = new Stage({ setUps: 3 });
    assert.deepEqual(
      [stage.offer(), stage.offer(), stage.offer(), stage.offer()],
      [undefined, undefined, undefined, "set-ups"],
    );
    assert.equal(stage.offer("emergency"), undefined);
    stage.answer(1);
    stage.answer(2);
    assert.equal(stage.offer(), undefined);
  });

  it("one more edge halves what each takes", () => {
    const stage = new Stage({ callsPerSecond: 20 });
    stage.run(60, 2);
    stage.admission.share({ callsPerSecond: 10 }, stage.now);
    const admitted = stage.run(60, 10);
    assert.ok(admitted >= 99 && admitted <= 101, `${admitted}`);
  });

  it("a copy fares as the first did, and is not counted again", () => {
    const stage = new Stage({ callsPerSecond: 1 });
    const first = { key: -1 };
    const second = { key: -2 };
    assert.equal(stage.offer("call", first), undefined);
    assert.equal(stage.offer("call", second), "rate");
    stage.pass(500);
    assert.equal(stage.offer("call", first), undefined);
    stage.pass(1000);
    assert.equal(stage.offer("call", second), "again");
    assert.equal(stage.offer(), undefined, "the copies used nothing up");
  });

  it("one long task is no overload", () => {
    const stage = new Stage();
    stage.run(100, 1);
    stage.now += 2000;
    assert.equal(stage.run(100, 2), 200);
  });

  it("an edge without a pause lets in less and less, and emergency calls still; with pauses all again", () => {
    const stage = new Stage();
    stage.run(1000, 1);
    stage.pauses = false;
    assert.ok(stage.run(1000, 0.25) >= 249, "a quarter of a second may be waited for");
    const seconds = [1, 2, 3].map(() => stage.run(1000, 1));
    assert.ok((seconds[0] as number) < 500 && (seconds[2] as number) <= 25, seconds.join());
    assert.equal(stage.offer(), "busy");
    assert.equal(stage.offer("emergency"), undefined);
    stage.pauses = true;
    stage.run(1000, 10);
    assert.equal(stage.run(1000, 1), 1000);
    assert.equal(stage.offer("other"), undefined);
  });

  it("after a busy time what was worked off in it sets the rate", () => {
    const stage = new Stage();
    stage.pauses = false;
    stage.run(4000, 0.5);
    stage.pauses = true;
    stage.pass(30);
    const admitted = stage.run(4000, 0.5);
    assert.ok(admitted > 500 && admitted < 2000, `${admitted}`);
  });

  it("an owner that falls behind is not given more than it answers; another one is", () => {
    const stage = new Stage();
    const sent: number[] = [];
    let refused = 0;
    for (let i = 0; i < 4000; i += 1) {
      stage.pass(0.5);
      const key = 1_000_000 + i;
      if (stage.offer("call", { key }) === undefined) sent.push(key);
      else refused += 1;
      // It answers 500 a second of the 2000 that are offered.
      const answered = i % 4 === 0 ? sent.shift() : undefined;
      if (answered !== undefined) stage.answer(answered);
    }
    assert.ok(sent.length < 0.5 * 500, `${sent.length} wait`);
    assert.ok(refused > 2500, `${refused}`);
    assert.equal(stage.offer("call", { owner: 2 }), undefined);
    assert.equal(stage.offer("emergency"), undefined);
  });

  it("an owner that fell silent is gone, not slow: its calls wait for whoever takes over", () => {
    const stage = new Stage();
    stage.run(100, 1);
    let refused = 0;
    for (let i = 0; i < 300; i += 1) {
      stage.pass(10);
      if (stage.offer() !== undefined) refused += 1;
    }
    assert.equal(refused, 0);
  });

  it("under pressure twenty REGISTERs a second get through, and of the others one of eight", () => {
    const stage = new Stage();
    stage.pauses = false;
    stage.run(400, 0.5, "other");
    const admitted = stage.run(400, 1, "other");
    assert.ok(admitted >= 20 + 45 && admitted <= 20 + 50, `${admitted}`);
  });

  it("a few calls a second are no overload, however long they have waited for a processor, and in a crowd", () => {
    const stage = new Stage();
    stage.pauses = false;
    assert.equal(stage.run(14, 5), 70);
    stage.pass(1500);
    const crowd = Array.from({ length: 15 }, () => stage.offer());
    assert.deepEqual(new Set(crowd), new Set([undefined]));
    assert.equal(stage.offer("other"), undefined);
  });

  it("REGISTERs are let in again as soon as there is a pause, and no call is refused", () => {
    const stage = new Stage();
    stage.pauses = false;
    stage.run(400, 1, "other");
    stage.pauses = true;
    stage.pass(30);
    assert.equal(stage.run(400, 2, "other"), 800);
  });

  it("but where calls are refused they wait", () => {
    const stage = new Stage();
    stage.pauses = false;
    stage.run(4000, 0.5);
    stage.pauses = true;
    stage.pass(30);
    let admitted = 0;
    for (let i = 0; i < 800; i += 1) {
      stage.run(4000, 0.002);
      if (stage.offer("other") === undefined) admitted += 1;
    }
    assert.ok(admitted < 200, `${admitted}`);
  });

  it("measures nothing where that is switched off", () => {
    const stage = new Stage({}, 0);
    stage.pauses = false;
    assert.equal(stage.run(1000, 3), 3000);
  });
});
