import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Cluster } from "@sipmesh/cluster";
import { VirtualClock } from "@sipmesh/environment/testing";
import { EarlyMessages } from "./early-messages.ts";

describe("a message that was addressed by a list of owners", () => {
  let clock: VirtualClock;
  let number: number;
  let doubtful: boolean;
  let changed: () => void;
  let early: EarlyMessages;
  let resumed: string[];

  beforeEach(() => {
    clock = new VirtualClock();
    number = 3;
    doubtful = false;
    resumed = [];
    const cluster = {
      get membership() {
        return { number, members: [] };
      },
      get doubtful() {
        return doubtful;
      },
      onChange(run: () => void) {
        changed = run;
        return { close() {} };
      },
    };
    early = new EarlyMessages(cluster as unknown as Cluster, clock);
  });

  it("that is known, or was known, does not wait", () => {
    assert.equal(
      early.holds(3, () => {}),
      false,
    );
    assert.equal(
      early.holds(2, () => {}),
      false,
    );
    assert.equal(clock.timers, 0);
  });

  it("that comes later waits for it, in the order of arrival", () => {
    early.holds(5, () => resumed.push("five"));
    early.holds(4, () => resumed.push("four"));
    early.holds(4, () => resumed.push("four again"));
    number = 4;
    changed();
    assert.deepEqual(resumed, ["four", "four again"]);
    number = 5;
    changed();
    assert.deepEqual(resumed, ["four", "four again", "five"]);
  });

  it("that may not be the last one waits until it is known to be, and nothing overtakes it", async () => {
    doubtful = true;
    for (const text of ["one", "two"])
      assert.equal(
        early.holds(3, () => resumed.push(text)),
        true,
      );
    await clock.pass(150);
    assert.deepEqual(resumed, []);
    doubtful = false;
    assert.equal(
      early.holds(3, () => resumed.push("never")),
      false,
    );
    assert.deepEqual(resumed, ["one", "two"]);
    doubtful = true;
    early.holds(3, () => resumed.push("three"));
    await clock.pass(4500);
    assert.deepEqual(resumed, ["one", "two"], "the store may be slow to tell");
    await clock.pass(700);
    assert.deepEqual(resumed, ["one", "two", "three"], "nobody waits for ever");
  });

  it("that does not come is dealt with by the list that there is", async () => {
    early.holds(4, () => resumed.push("four"));
    await clock.pass(900);
    assert.deepEqual(resumed, []);
    await clock.pass(300);
    assert.deepEqual(resumed, ["four"]);
    assert.equal(clock.timers, 0);
  });

  it("waits no longer than its member is there", async () => {
    early.holds(4, () => resumed.push("four"));
    early.stop();
    await clock.pass(2000);
    assert.deepEqual(resumed, []);
    assert.equal(clock.timers, 0);
  });
});
