import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { settled } from "@sipmesh/environment/testing";
import { Name, type Request, response } from "@sipmesh/sip";
import { alice, bob, flowFrom, fromAlice, Ground, mediaAlways, Stage, toPhones, withSdp } from "../testing/stage.ts";

const routing = { route: () => toPhones("203.0.113.1") };
const answer = (invite: Request, status: number) =>
  response(invite, status, { toTag: "bob", recordRoute: true, contact: "<sip:bob@203.0.113.1:5060>" });
const handovers = (stage: Stage, what: string) => stage.metrics.value("sipmesh_transaction_handover_total", { what });

/** All edges' messages come to both stages: what left is told once, whoever sent it. */
function words(...stages: readonly Stage[]): string[] {
  const [first, ...others] = stages.map((stage) => stage.words);
  for (const other of others) assert.deepEqual(other, first);
  return first ?? [];
}

describe("an owner of calls and its successor", () => {
  let ground: Ground;
  let one: Stage;
  let two: Stage;

  beforeEach(async () => {
    ground = new Ground("one", "two");
    one = await Stage.begin({ name: "one", ground, routing });
    two = await Stage.begin({ name: "two", ground, routing });
  });

  const ring = async () => {
    await one.receive(fromAlice("INVITE"), alice);
    await settled();
    const invite = one.request("INVITE");
    await one.receive(answer(invite, 180), bob);
    await settled();
    words(one, two);
    return invite;
  };
  /** Nobody hears of it but the other one. */
  const die = async (stage: Stage, left: string) => {
    await stage.service.stop();
    ground.present.delete(stage.name);
    ground.list(left);
    await settled();
  };

  it("says nothing before the successor has a copy, and goes on without one when it does not confirm", async () => {
    await two.service.stop();
    await one.receive(fromAlice("INVITE"), alice);
    await settled();
    const said = (word: string) => one.words.filter((one) => one === word).length;
    assert.equal(said("INVITE → 203.0.113.1"), 0, "the INVITE waits for its copy");
    await ground.clock.pass(1900);
    assert.equal(said("INVITE → 203.0.113.1"), 0);
    await ground.clock.pass(300);
    assert.equal(said("INVITE → 203.0.113.1"), 1);
    assert.equal(handovers(one, "unheard"), 1);
    await one.receive(fromAlice("INVITE", { callId: "call-2", via: via("2") }), alice);
    await settled();
    assert.equal(said("INVITE → 203.0.113.1"), 1, "a silent successor is not waited for again");
  });

  it("who has just woken up does not go on without its successor, however silent that was", async () => {
    const own = new Ground("one", "two");
    let route = () => {};
    const asked = new Promise<void>((resolve) => {
      route = resolve;
    });
    let slow = false;
    const waking = await Stage.begin({
      name: "one",
      ground: own,
      routing: {
        async route() {
          if (slow) await asked;
          return toPhones("203.0.113.1");
        },
      },
    });
    await waking.receive(fromAlice("INVITE"), alice);
    await own.clock.pass(2500);
    assert.equal(handovers(waking, "unheard"), 1, "there is nobody who would confirm");
    slow = true;
    await waking.receive(fromAlice("INVITE", { callId: "call-2", via: via("2") }), alice);
    own.doubtful.add("one");
    route();
    await settled();
    await own.clock.pass(5000);
    assert.equal(forwarded(waking, "call-2"), undefined, "another may have gone on with it");
    own.doubtful.delete("one");
    await own.clock.pass(2500);
    assert.ok(forwarded(waking, "call-2"));
  });

  it("says what waited for a copy first, also once there is nobody to wait for", async () => {
    const invite = await ring();
    await two.service.stop();
    await one.receive(answer(invite, 183), bob);
    assert.deepEqual(one.words, [], "the successor is silent");
    ground.list("one");
    await one.receive(answer(invite, 200), bob, 2);
    assert.deepEqual(one.words, ["183 → 198.51.100.7", "200 → 198.51.100.7"]);
  });

  it("while the store is away, no refusal leaves that the successor might contradict; a 2xx does", async () => {
    await two.service.stop();
    ground.state = "frozen";
    const said = (word: string) => one.words.filter((one) => one === word).length;
    for (const number of ["1", "2"])
      await one.receive(fromAlice("INVITE", { callId: number, via: via(number) }), alice);
    await ground.clock.pass(2200);
    const [first, second] = ["1", "2"].map((id) => forwarded(one, id));
    await one.receive(answer(first as Request, 200), bob);
    await one.receive(answer(second as Request, 486), bob);
    await ground.clock.pass(5000);
    assert.deepEqual([said("200 → 198.51.100.7") > 0, said("486 → 198.51.100.7")], [true, 0]);
    ground.state = "settled";
    await ground.clock.pass(2500);
    assert.ok(said("486 → 198.51.100.7") > 0, "once the list can change again, silence is only silence");
  });

  it("while the owner lives its successor says nothing", async () => {
    const invite = await ring();
    await ground.clock.pass(10_000);
    await one.receive(answer(invite, 200), bob);
    await settled();
    assert.deepEqual(words(one, two), ["200 → 198.51.100.7"]);
    await ground.clock.pass(200_000);
    assert.deepEqual(words(one, two), []);
    assert.equal(
      two.metrics.value("sipmesh_transaction_kept_copies", {}),
      0,
      "a copy that nobody can need is let go of",
    );
    assert.equal(handovers(two, "adopted"), 0);
  });

  it("the owner dies while it rings: the answer that comes later reaches the caller", async () => {
    const invite = await ring();
    await die(one, "two");
    assert.equal(handovers(two, "adopted"), 1);
    assert.deepEqual(words(one, two), ["180 → 198.51.100.7"], "what was said last is said again");
    await two.receive(answer(invite, 200), bob, 2);
    assert.deepEqual(words(one, two), ["200 → 198.51.100.7"]);
  });

  it("the owner dies while it rings: CANCEL ends the call", async () => {
    const invite = await ring();
    await die(one, "two");
    words(one, two);
    await two.receive(fromAlice("CANCEL", { via: fromAliceVia(invite) }), alice, 2);
    assert.deepEqual(words(one, two), ["200 → 198.51.100.7", "CANCEL → 203.0.113.1"]);
    await two.receive(answer(invite, 487), bob, 2);
    assert.deepEqual(words(one, two), ["ACK → 203.0.113.1", "487 → 198.51.100.7"]);
  });

  it("the owner dies while it rings: the bound on ringing ends it all the same, at its time", async () => {
    await ring();
    await ground.clock.pass(30_000);
    words(one, two);
    await die(one, "two");
    words(one, two);
    await ground.clock.pass(29_000);
    assert.deepEqual(words(one, two), []);
    await ground.clock.pass(1500);
    assert.ok(words(one, two).includes("CANCEL → 203.0.113.1"));
  });

  it("the owner dies with a refusal unacknowledged: it is repeated until the ACK, and no other is given", async () => {
    const invite = await ring();
    await one.receive(answer(invite, 486), bob);
    await settled();
    assert.deepEqual(words(one, two), ["ACK → 203.0.113.1", "486 → 198.51.100.7"]);
    await die(one, "two");
    await ground.clock.pass(5000);
    const said = words(one, two);
    assert.ok(said.length > 0 && said.every((word) => word === "486 → 198.51.100.7"), said.join());
    const { via, from } = { via: fromAliceVia(invite), from: "<sip:alice@example.com>;tag=alice" };
    await two.receive(fromAlice("ACK", { via, from, to: "<sip:bob@example.com>;tag=bob" }), alice, 2);
    await ground.clock.pass(60_000);
    assert.deepEqual(words(one, two), []);
  });

  it("the owner leaves: what rings goes on at the other one, with nothing said twice by both", async () => {
    const invite = await ring();
    const left = one.service.leave?.();
    await ground.clock.pass(3000);
    await left;
    assert.equal(handovers(one, "handed-over"), 1);
    assert.equal(handovers(two, "adopted"), 1);
    assert.equal(one.metrics.value("sipmesh_transactions", { side: "server" }), 0);
    words(one, two);
    await two.receive(answer(invite, 200), bob, 2);
    assert.deepEqual(words(one, two), ["200 → 198.51.100.7"]);
  });

  for (const transport of ["udp", "tcp"] as const) {
    it(`the owner leaves while its answer to a CANCEL waits (${transport}): the new one gives it, before the 487`, async () => {
      const caller = flowFrom("198.51.100.7", transport);
      await one.receive(fromAlice("INVITE"), caller);
      await settled();
      const invite = one.request("INVITE");
      await one.receive(answer(invite, 180), bob);
      await settled();
      words(one, two);
      const three = await Stage.begin({ name: "three", ground, routing });
      await two.service.stop();
      await one.receive(fromAlice("CANCEL", { via: fromAliceVia(invite) }), caller);
      assert.deepEqual(words(one, three), [], "the successor does not confirm");
      ground.list("three");
      await ground.clock.pass(50);
      assert.deepEqual(words(one, three), ["200 → 198.51.100.7", "180 → 198.51.100.7", "CANCEL → 203.0.113.1"]);
      await three.receive(answer(invite, 487), bob, 2);
      await settled();
      assert.deepEqual(words(one, three), ["ACK → 203.0.113.1", "487 → 198.51.100.7"]);
    });
  }

  it("a third one joins and owns the call: it has it, and is ready then", async () => {
    const invite = await ring();
    const three = await Stage.begin({ name: "three", ground, routing });
    assert.equal(three.service.ready().ok, false);
    ground.list("three", "one", "two");
    await ground.clock.pass(10);
    await settled();
    assert.equal(three.service.ready().ok, true);
    assert.equal(handovers(three, "adopted"), 1);
    words(one, two, three);
    await three.receive(answer(invite, 200), bob, 2);
    await settled();
    assert.deepEqual(words(one, two, three), ["200 → 198.51.100.7"]);
  });

  it("what a next hop has answered is answered alike by who joins, and not asked of the next hop again", async () => {
    const message = fromAlice("MESSAGE");
    await one.receive(message, alice);
    await settled();
    await one.receive(response(one.request("MESSAGE"), 200, { toTag: "bob" }), bob);
    assert.deepEqual(words(one, two), ["MESSAGE → 203.0.113.1", "200 → 198.51.100.7"]);
    const three = await Stage.begin({ name: "three", ground, routing });
    ground.list("three", "one", "two");
    await ground.clock.pass(50);
    assert.deepEqual(words(one, two, three), [], "its client asks for what it has not heard");
    await three.receive(message, alice, 2);
    await settled();
    assert.deepEqual(words(one, two, three), ["200 → 198.51.100.7"]);
  });

  it("a message that comes before the call does waits for it", async () => {
    const invite = await ring();
    const three = await Stage.begin({ name: "three", ground, routing });
    ground.list("three", "one", "two");
    // The list is known, and the copies are yet to come.
    await three.receive(answer(invite, 200), bob, 2);
    await ground.clock.pass(50);
    await settled();
    assert.ok(words(one, two, three).includes("200 → 198.51.100.7"));
    assert.equal(three.metrics.value("sipmesh_transaction_dropped_messages_total", {}), 0);
    assert.equal(handovers(three, "asked"), 1);
  });

  it("two join one after the other: both hear when they have what is theirs", async () => {
    await ring();
    const three = await Stage.begin({ name: "three", ground, routing });
    const four = await Stage.begin({ name: "four", ground, routing });
    ground.list("three", "one", "two");
    ground.list("four", "three", "one", "two");
    await ground.clock.pass(50);
    assert.deepEqual([three.service.ready().ok, four.service.ready().ok], [true, true]);
  });

  it("a call that is taken back is no newer than it was: who went on with it meanwhile is right", async () => {
    const invite = await ring();
    ground.list("two");
    // The turn of `one` to hand it over has not come when `two` answers it, nor when it is the owner again.
    await two.receive(answer(invite, 200), bob, 2);
    words(one, two);
    ground.list("one", "two");
    await ground.clock.pass(50);
    assert.deepEqual(
      words(one, two).filter((word) => word.startsWith("1")),
      [],
      "the caller has had its 200",
    );
    await ground.clock.pass(100_000);
    assert.deepEqual(words(one, two), [], "its own bound on ringing is called off");
  });

  it("a copy that lies for a while and is passed on then has timers that have run on", async () => {
    await ring();
    await ground.clock.pass(30_000);
    const three = await Stage.begin({ name: "three", ground, routing });
    await one.service.stop();
    ground.present.delete("one");
    ground.list("three", "two");
    await ground.clock.pass(50);
    assert.equal(handovers(three, "adopted"), 1);
    words(one, two, three);
    await ground.clock.pass(28_500);
    assert.deepEqual(words(one, two, three), []);
    await ground.clock.pass(2_000);
    assert.ok(words(one, two, three).includes("CANCEL → 203.0.113.1"));
  });

  it("who had the copy before another got it goes on with it only where nobody knows better", async () => {
    const invite = await ring();
    const three = await Stage.begin({ name: "three", ground, routing });
    ground.list("one", "three", "two");
    await ground.clock.pass(50);
    await one.receive(answer(invite, 200), bob, 2);
    await settled();
    assert.deepEqual(words(one, two, three), ["200 → 198.51.100.7"]);
    // All that `two` has of the call is that it rings.
    ground.list("two", "one", "three");
    await ground.clock.pass(5000);
    assert.deepEqual(words(one, two, three), []);
    assert.equal(handovers(two, "adopted"), 1);
    await two.receive(answer(invite, 200), bob, 3);
    await settled();
    assert.deepEqual(words(one, two, three), ["200 → 198.51.100.7"], "its phone says it again until it hears the ACK");
  });

  it("who is sent a copy by a list that holds no more goes on with it only where nobody knows better", async () => {
    await one.receive(fromAlice("INVITE"), alice);
    await settled();
    const invite = one.request("INVITE");
    words(one, two);
    const three = await Stage.begin({ name: "three", ground, routing });
    ground.deaf.add("one");
    ground.list("one", "three", "two");
    await one.receive(answer(invite, 180), bob);
    await settled();
    ground.deaf.delete("one");
    ground.deaf.add("two");
    ground.list("one", "three", "two");
    ground.deaf.clear();
    await ground.clock.pass(50);
    await one.receive(answer(invite, 200), bob, 3);
    await settled();
    words(one, two, three);
    ground.list("two", "one", "three");
    await ground.clock.pass(5000);
    assert.deepEqual(words(one, two, three), []);
    assert.equal(handovers(two, "adopted"), 1);
  });

  it("who hears of a list later than the copies that it brings is no less a successor", async () => {
    await ring();
    await Stage.begin({ name: "three", ground, routing });
    const four = await Stage.begin({ name: "four", ground, routing });
    ground.deaf.add("three");
    ground.list("one", "three", "two");
    await ground.clock.pass(50);
    ground.deaf.clear();
    for (const other of ["one", "two"]) ground.deaf.add(other);
    ground.list("one", "three", "two");
    ground.deaf.clear();
    await one.service.stop();
    ground.present.delete("one");
    ground.list("four", "three", "two");
    await ground.clock.pass(50);
    assert.equal(handovers(four, "adopted"), 1, "it is sent to its new owner, who need not ask");
  });

  it("who had the copy before another got it goes on with it where all others are gone", async () => {
    const invite = await ring();
    const three = await Stage.begin({ name: "three", ground, routing });
    ground.list("one", "three", "two");
    await ground.clock.pass(50);
    for (const stage of [one, three]) {
      await stage.service.stop();
      ground.present.delete(stage.name);
    }
    ground.list("two");
    await ground.clock.pass(50);
    assert.equal(handovers(two, "adopted"), 1);
    words(one, two, three);
    await two.receive(answer(invite, 200), bob, 3);
    await settled();
    assert.deepEqual(words(one, two, three), ["200 → 198.51.100.7"]);
  });

  it("one list follows on the other: who is handed a call that is another's by then passes it on", async () => {
    const invite = await ring();
    await two.service.stop();
    const three = await Stage.begin({ name: "three", ground, routing });
    const four = await Stage.begin({ name: "four", ground, routing });
    ground.list("three", "one");
    ground.deaf.add("one");
    ground.list("four", "three", "one");
    await ground.clock.pass(50);
    assert.deepEqual([handovers(three, "adopted"), handovers(four, "adopted")], [0, 1]);
    words(one, three, four);
    await four.receive(answer(invite, 200), bob, 3);
    await settled();
    assert.deepEqual(words(one, three, four), ["200 → 198.51.100.7"]);
  });

  it("its successor leaves while the owner sleeps, and then the owner is taken for dead: its copy was passed on", async () => {
    const invite = await ring();
    const three = await Stage.begin({ name: "three", ground, routing });
    ground.list("one", "two", "three");
    await settled();
    ground.deaf.add("one");
    const left = two.service.leave?.();
    await ground.clock.pass(3000);
    await left;
    await two.service.stop();
    words(one, three);
    await die(one, "three");
    assert.equal(handovers(three, "adopted"), 1);
    words(one, three);
    await three.receive(answer(invite, 200), bob, 3);
    await settled();
    assert.deepEqual(words(one, three), ["200 → 198.51.100.7"]);
  });

  it("a call that was answered is not gone on with from where it was before, whoever hands that over", async () => {
    const invite = await ring();
    // The owner is taken for dead and does not know; the call goes on at the other one, and comes back.
    ground.deaf.add("one");
    ground.list("two");
    await two.receive(answer(invite, 200), bob, 2);
    await settled();
    assert.equal(words(one, two).filter((word) => word === "200 → 198.51.100.7").length, 1);
    const three = await Stage.begin({ name: "three", ground, routing });
    ground.list("three", "two");
    await ground.clock.pass(100);
    words(one, two, three);
    ground.deaf.delete("one");
    ground.list("three", "one", "two");
    await ground.clock.pass(500);
    assert.deepEqual(words(one, two, three), [], "nothing is said by who was asleep");
    await three.receive(answer(invite, 200), bob, 4);
    await settled();
    assert.deepEqual(words(one, two, three), ["200 → 198.51.100.7"], "the answer that comes again is passed on");
  });

  it("who falls asleep as it becomes the owner, and is taken for dead, hears that the call has gone on, and says nothing", async () => {
    const invite = await ring();
    const late = ground.hold("two");
    ground.list("two", "one");
    await ground.clock.pass(10);
    assert.deepEqual(words(one, two), [], "what is said again waits for a copy, too");
    ground.deaf.add("two");
    ground.list("one");
    await ground.clock.pass(10);
    await one.receive(answer(invite, 200), bob, 3);
    await settled();
    assert.equal(words(one, two).filter((word) => word === "200 → 198.51.100.7").length, 1);
    late.release();
    await ground.clock.pass(5000);
    assert.deepEqual(words(one, two), [], "neither that it rings nor the INVITE again");
    assert.equal(handovers(two, "deposed"), 1);
  });

  it("who has passed a call on and is its owner again does not begin it anew while who went on with it is there", async () => {
    const said = (): readonly string[] => one.words;
    await Stage.begin({ name: "three", ground, routing });
    await ring();
    ground.list("two", "three");
    await ground.clock.pass(100);
    one.sent.length = 0;
    for (const asleep of ["two", "three"]) {
      ground.deaf.add(asleep);
      ground.hold(asleep);
    }
    ground.list("one", "three");
    await one.receive(fromAlice("INVITE"), alice, 3);
    await ground.clock.pass(15_000);
    assert.deepEqual(said(), []);
    assert.equal(one.metrics.value("sipmesh_transaction_dropped_messages_total", { reason: "passed-on" }), 1);
    ground.present.delete("two");
    await one.receive(fromAlice("INVITE"), alice, 3);
    await ground.clock.pass(15_000);
    assert.ok(said().includes("INVITE → 203.0.113.1"), "that one is dead");
  });

  it("a call that nobody knows of is new, even where the former owner does not answer", async () => {
    const three = await Stage.begin({ name: "three", ground, routing });
    await one.service.stop();
    ground.list("three", "two");
    await three.receive(fromAlice("INVITE"), alice, 2);
    await ground.clock.pass(6500);
    await settled();
    assert.ok(words(one, two, three).includes("INVITE → 203.0.113.1"));
  });

  it("an owner that was taken for dead, and does not know, says nothing more", async () => {
    const invite = await ring();
    ground.deaf.add("one");
    ground.list("two");
    await ground.clock.pass(10);
    words(one, two);
    await one.receive(answer(invite, 486), bob);
    await settled();
    assert.deepEqual(words(one, two), [], "the other one, which goes on with the call, would not take a copy of it");
    assert.equal(handovers(one, "deposed"), 1);
    await two.receive(answer(invite, 486), bob, 2);
    assert.deepEqual(words(one, two), ["ACK → 203.0.113.1", "486 → 198.51.100.7"]);
  });

  it("an owner that was taken for dead gets back what the other one has come to meanwhile", async () => {
    const invite = await ring();
    ground.deaf.add("one");
    ground.list("two");
    await two.receive(answer(invite, 200), bob, 2);
    await settled();
    ground.deaf.delete("one");
    // It hears of the next list only, on which it is the owner again.
    ground.list("one", "two");
    await ground.clock.pass(50);
    words(one, two);
    await ground.clock.pass(100_000);
    assert.deepEqual(words(one, two), [], "its own bound on ringing is called off");
  });
});

describe("a call that is another's by a new list", () => {
  it("says nothing more where it was, even while it waits for its turn to be handed over", async () => {
    let answer: (() => void) | undefined;
    const media = {
      offer: ({ sdp }: { sdp: Uint8Array }) => ({ sdp, relay: "one" }),
      answer: ({ sdp }: { sdp: Uint8Array }) =>
        new Promise((resolve) => {
          answer = () => resolve({ sdp, relay: "one" });
        }),
    };
    const ground = new Ground("one", "two");
    const one = await Stage.begin({ name: "one", ground, routing: mediaAlways, media: media as never });
    const two = await Stage.begin({ name: "two", ground });
    await one.receive(fromAlice("INVITE", withSdp), alice);
    await settled();
    const invite = one.request("INVITE");
    await one.receive(response(invite, 200, { toTag: "bob", recordRoute: true, ...withSdp }), bob);
    await settled();
    assert.ok(answer, "the 200 waits for its description");
    await two.service.stop();
    ground.list("two");
    answer();
    await settled();
    assert.equal(one.words.includes("200 → 198.51.100.7"), false);
  });
});

describe("what came over a connection", () => {
  const tcp = flowFrom("198.51.100.7", "tcp");
  const confirm = { to: "sipmesh.edge.edge-1", number: 7 };

  it("is confirmed at once where nobody else could go on", async () => {
    const stage = await Stage.begin({ routing });
    const confirmed = listen(stage);
    await stage.receive(fromAlice("INVITE"), tcp, 1, confirm);
    await settled();
    assert.deepEqual(confirmed, [7]);
  });

  it("is confirmed once the successor has what it led to", async () => {
    const ground = new Ground("one", "two");
    const one = await Stage.begin({ name: "one", ground, routing });
    const confirmed = listen(one);
    await one.receive(fromAlice("INVITE"), tcp, 1, confirm);
    await ground.clock.pass(500);
    assert.deepEqual(confirmed, [], "there is no successor yet that would confirm");
    await Stage.begin({ name: "two", ground, routing });
    await ground.clock.pass(600);
    assert.deepEqual(confirmed, [7]);
  });

  it("is left to be sent again where somebody else has gone on with the call", async () => {
    const ground = new Ground("one", "two");
    const one = await Stage.begin({ name: "one", ground, routing });
    await Stage.begin({ name: "two", ground, routing });
    const confirmed = listen(one);
    await one.receive(fromAlice("INVITE"), alice);
    await settled();
    ground.deaf.add("one");
    ground.list("two");
    await one.receive(answer(one.request("INVITE"), 486), bob, 1, confirm);
    await ground.clock.pass(50);
    assert.equal(handovers(one, "deposed"), 1);
    assert.deepEqual(confirmed, []);
  });

  it("and is no INVITE is confirmed with its answer: until then only its sender has it", async () => {
    const ground = new Ground("one", "two");
    const one = await Stage.begin({ name: "one", ground, routing });
    const confirmed = listen(one);
    await one.receive(fromAlice("MESSAGE"), tcp, 1, confirm);
    await settled();
    assert.deepEqual(confirmed, []);
    await one.receive(response(one.request("MESSAGE"), 200), bob);
    await settled();
    assert.deepEqual(confirmed, [7]);
  });

  function listen(stage: Stage): number[] {
    const numbers: number[] = [];
    stage.bus.subscribe("sipmesh.edge.edge-1", (envelope) => {
      if (envelope.kind === "confirmation") numbers.push(...envelope.numbers);
    });
    return numbers;
  }
});

function forwarded(stage: Stage, callId: string): Request | undefined {
  const found = stage.sent.map(({ message }) => message).find((one) => one.kind === "request" && one.callId === callId);
  return found?.kind === "request" ? found : undefined;
}

/** Of Alice's request that led to this one of ours. */
function fromAliceVia(forwarded: Request): string {
  return forwarded.list(Name.Via)[1] ?? "";
}

function via(number: string): string {
  return `SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-${number};rport=5060;received=198.51.100.7`;
}
