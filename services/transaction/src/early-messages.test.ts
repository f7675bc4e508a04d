import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Cluster } from "@sipmesh/cluster";
import { VirtualClock } from "@sipmesh/environment/testing";
import { EarlyMessages } from "./early-messages.ts";

describe("a message that was addressed by a list of owners", () => {
  let clock: VirtualClock;
  let number: number;
  let changed: () => void;
  let early: EarlyMessages;
  let resumed: string[];

  beforeEach(() => {
    clock = new VirtualClock();
    number = 3;
    resumed = [];
    const cluster = {
      get membership() {
        return { number, members: [] };
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
