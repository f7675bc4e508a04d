import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { settled, VirtualClock } from "@sipmesh/environment/testing";
import type { Confirmation } from "./bus.ts";
import { Confirmations } from "./confirmations.ts";
import { inbound } from "./testing/envelopes.ts";
import { type Confirmed, Unconfirmed } from "./unconfirmed.ts";

describe("what nobody beyond the platform repeats", () => {
  let clock: VirtualClock;
  let sent: string[];
  /** The numbers of the lists by which it was addressed. */
  let lists: number[];
  let owner: string;
  let list: number;
  let lost: number;
  let kept: Unconfirmed;

  beforeEach(() => {
    clock = new VirtualClock();
    sent = [];
    lists = [];
    owner = "one";
    list = 2;
    lost = 0;
    kept = new Unconfirmed({
      clock,
      to: "sipmesh.edge.e1",
      publish(subject, envelope: Confirmed) {
        sent.push(`${envelope.confirm?.number ?? "-"} → ${subject}`);
        if (envelope.kind === "inbound") lists.push(envelope.membership);
      },
      addressed: (envelope) => ({ subject: owner, envelope: { ...envelope, membership: list } }),
      limit: 3,
      lost: () => lost++,
    });
  });

  it("is sent again, ever more seldom, until it is confirmed", async () => {
    kept.send("one", inbound(1));
    await clock.pass(8000);
    assert.deepEqual(sent, Array(4).fill("1 → one"), "at once, and after 1, 3 and 7 seconds");
    kept.confirmed([1]);
    await clock.pass(60_000);
    assert.equal(sent.length, 4);
    assert.equal(lost, 0);
    assert.equal(clock.timers, 0, "who has nothing to send has no timer");
  });

  it("goes at once to whom it belongs now, who is told by which list", () => {
    const first = inbound(1);
    kept.send("one", first);
    owner = "two";
    kept.readdress();
    kept.readdress();
    assert.deepEqual(sent, ["1 → one", "1 → two"]);
    assert.deepEqual(lists, [first.membership, 2], "it has to know of that list before it can say what it knows");
  });

  it("is sent again by the list that holds by then", async () => {
    kept.send("one", inbound(1));
    list = 3;
    await clock.pass(1000);
    assert.equal(lists.at(-1), 3);
  });

  it("is given up when nobody waits for an answer any more", async () => {
    kept.send("one", inbound(1));
    await clock.pass(33_000);
    assert.equal(lost, 1);
    assert.equal(kept.size, 0);
  });

  it("is not sent again behind a later one about the same", async () => {
    kept.send("one", inbound(1), "call");
    kept.send("one", inbound(2), "another call");
    kept.send("one", inbound(3), "call");
    assert.equal(kept.size, 2, "the third takes the place of the first");
    kept.confirmed([2]);
    await clock.pass(1500);
    assert.deepEqual(sent, ["1 → one", "2 → one", "3 → one", "3 → one"]);
    kept.confirmed([1, 3]);
    assert.equal(kept.size, 0);
  });

  it("is bounded: beyond the bound a message is sent once", async () => {
    for (const number of [1, 2, 3, 4]) kept.send("one", inbound(number));
    assert.deepEqual(sent, ["1 → one", "2 → one", "3 → one", "- → one"]);
    assert.equal(kept.size, 3);
    assert.equal(lost, 1);
  });
});

describe("confirmations", () => {
  it("of one turn travel together, for each who waits", async () => {
    const told: [string, Confirmation][] = [];
    const confirmations = new Confirmations((subject, confirmation) => told.push([subject, confirmation]));
    confirmations.confirm({ to: "e1", number: 1 });
    confirmations.confirm({ to: "e2", number: 9 });
    confirmations.confirm(undefined);
    confirmations.confirm({ to: "e1", number: 2 });
    await settled();
    assert.deepEqual(told, [
      ["e1", { kind: "confirmation", numbers: [1, 2] }],
      ["e2", { kind: "confirmation", numbers: [9] }],
    ]);
  });
});
