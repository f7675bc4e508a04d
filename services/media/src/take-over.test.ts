import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { after, before, beforeEach, describe, it } from "node:test";
import { until } from "@sipmesh/environment/testing";
import { Side } from "@sipmesh/proto/media";
import { memoryStore, type Store } from "@sipmesh/store";
import { metrics } from "./telemetry.ts";
import { loopback, Phone } from "./testing/phone.ts";
import { call, Relay, Talk } from "./testing/relay.ts";

const config = { name: "here-0", ports: { first: 29_200, last: 29_299, rest: 0 } };

describe("a relay that follows another one", () => {
  let alice: Phone;
  let bob: Phone;
  let store: Store;
  const relays: Relay[] = [];
  before(async () => {
    alice = await Phone.open();
    bob = await Phone.open();
  });
  beforeEach(() => {
    store = memoryStore();
  });
  after(async () => {
    alice.close();
    bob.close();
    for (const relay of relays) await relay.stop();
  });

  async function start(over: Parameters<Relay["start"]>[0] = {}): Promise<Relay> {
    const relay = new Relay(store);
    relays.push(relay);
    return relay.start({ ...config, ...over });
  }

  /** All that has changed was written down. */
  const written = (relay: Relay) => until(() => relay.value(metrics.behind.name) === 0);

  /** A call that both have heard each other in. */
  async function established(relay: Relay, id: string) {
    const talk = new Talk(relay, id);
    const forBob = await talk.offer(alice.sdp());
    const forAlice = await talk.answer(bob.sdp());
    await hear(forAlice, forBob, "before");
    return { talk, forAlice, forBob };
  }

  async function hear(forAlice: number, forBob: number, what: string): Promise<void> {
    const heard = [alice.heard.length, bob.heard.length] as const;
    alice.say(`alice ${what}`, forAlice);
    await bob.until(heard[1] + 1);
    bob.say(`bob ${what}`, forBob);
    await alice.until(heard[0] + 1);
    assert.deepEqual([bob.heard.at(-1), alice.heard.at(-1)], [`alice ${what}`, `bob ${what}`]);
  }

  it("relays on, on the same ports, and answers for the calls", async () => {
    const first = await start();
    const { talk, forAlice, forBob } = await established(first, "killed");
    await written(first);
    await first.stop();
    const second = await start();
    await hear(forAlice, forBob, "after");
    talk.on = second;
    const leg = { branch: "b2", calleeTag: "t1" };
    assert.equal(await talk.offer(alice.sdp(), leg), forBob, "a re-offer keeps its ports");
    const told = Buffer.from(await talk.answered(bob.sdp(["a=ptime:20"]), leg)).toString();
    assert.match(told, /^o=phone 1 2 /m, "and counts on in o=");
    await hear(forAlice, forBob, "later");
    await talk.end();
    assert.equal(second.value(metrics.sessions.name), 0);
    assert.equal(second.value(metrics.ports.name), 0);
    assert.equal(second.value(metrics.takenOver.name, { outcome: "ok" }), 1);
    await written(second);
    await second.stop();
    const third = await start();
    assert.equal(third.value(metrics.sessions.name), 0, "what has ended is not there for the next");
  });

  it("knows where the phones really are before it hears from them, and refuses strangers", async () => {
    const moved = await Phone.open();
    const first = await start();
    const talk = new Talk(first, "moved");
    const forBob = await talk.offer(alice.sdp());
    const forAlice = await talk.answer(bob.sdp());
    moved.say("from the other port", forAlice);
    await until(() => bob.heard.at(-1) === "from the other port");
    await written(first);
    await first.stop();
    const second = await start();
    bob.say("to the other port", forBob);
    await moved.until(1);
    alice.say("a stranger by now", forAlice);
    await until(() => second.dropped("source") === 1);
    moved.close();
  });

  it("waits for the answer that the other one would have got", async () => {
    const first = await start();
    const talk = new Talk(first, "ringing");
    const forBob = await talk.offer(alice.sdp());
    await written(first);
    await first.stop();
    talk.on = await start();
    const forAlice = await talk.answer(bob.sdp());
    await hear(forAlice, forBob, "answered elsewhere");
  });

  it("keeps a held call for as long as it is held, and ends one that nobody speaks in", async () => {
    const first = await start({ silence: 0.3 });
    const held = new Talk(first, "held");
    await held.offer(alice.sdp());
    await held.answer(bob.sdp(["a=inactive"]));
    const silent = new Talk(first, "silent");
    await silent.offer(alice.sdp());
    await silent.answer(bob.sdp());
    await written(first);
    await first.stop();
    const second = await start({ silence: 0.3 });
    assert.equal(second.value(metrics.sessions.name), 2);
    await until(() => second.value(metrics.ended.name, { cause: "silence" }) === 1);
    held.on = second;
    assert.deepEqual(
      (await held.reports()).map((report) => report.held),
      [false, true],
    );
  });

  it("counts on where the other one handed over", async () => {
    const first = await start();
    const { talk, forAlice, forBob } = await established(first, "counted");
    await first.leave();
    talk.on = await start();
    await hear(forAlice, forBob, "counted too");
    assert.deepEqual(
      (await talk.reports()).map(({ from, packets }) => [from, packets]),
      [
        [Side.SIDE_CALLER, 2n],
        [Side.SIDE_CALLEE, 2n],
      ],
    );
  });

  it("takes the ports from one that is still there, which lets go and takes no call any more", async () => {
    const first = await start();
    const { talk, forAlice, forBob } = await established(first, "overlap");
    await written(first);
    const second = await start();
    await until(() => second.value(metrics.takenOver.name, { outcome: "ok" }) === 1);
    await hear(forAlice, forBob, "after");
    assert.ok(second.standing.incarnation > first.standing.incarnation);
    assert.deepEqual(first.service.ready(), { ok: false, reason: `${second.instance} has taken the name here-0` });
    await assert.rejects(new Talk(first, "new").offer(alice.sdp()), /media-stopping/);
    talk.on = second;
    assert.equal((await talk.reports()).length, 2);
  });

  it("waits for ports that are not free yet, and so do the verbs of the call", async () => {
    const first = await start();
    const { talk, forAlice, forBob } = await established(first, "late");
    await written(first);
    await first.stop();
    const other = createSocket("udp4");
    other.bind(forAlice, loopback);
    await once(other, "listening");
    const second = await start();
    talk.on = second;
    const asked = talk.offer(alice.sdp(), { branch: "b2", calleeTag: "t1" });
    assert.equal(second.value(metrics.takenOver.name), 0);
    other.close();
    assert.equal(await asked, forBob);
    await hear(forAlice, forBob, "after");
  });

  it("gives up a call whose ports are on an address that is gone, and goes on with the others", async () => {
    const first = await start();
    const lost = await established(first, "lost");
    const { forAlice, forBob } = await established(first, "fine");
    await written(first);
    await first.stop();
    const bucket = await store.bucket("media");
    for await (const { key, value } of bucket.entries()) {
      const text = Buffer.from(value).toString();
      if (text.includes('"callId":"lost"'))
        await bucket.put(key, Buffer.from(text.replaceAll(`"bind":"${loopback}"`, '"bind":"192.0.2.7"')));
    }
    const second = await start();
    await until(() => second.value(metrics.takenOver.name, { outcome: "no-port" }) === 1);
    await hear(forAlice, forBob, "after");
    assert.equal(second.value(metrics.sessions.name), 1);
    lost.talk.on = second;
    assert.ok((await lost.talk.offer(alice.sdp())) > 0, "the call begins its media anew");
  });

  it("leaves alone what it cannot read and what is long over", async () => {
    const bucket = await store.bucket("media");
    await bucket.put("here-0/1", Buffer.from("{"));
    await bucket.put("here-0/2", Buffer.from('{"form":9}'));
    await bucket.put("elsewhere/1", Buffer.from("{"));
    const old = { name: { callId: "old", callerTag: "a" }, began: 0, signalled: 0, state: { legs: [] }, streams: [] };
    await bucket.put("here-0/3", Buffer.from(JSON.stringify({ form: 1, ...old })));
    const relay = await start();
    assert.equal(relay.value(metrics.sessions.name), 0);
    assert.equal(relay.value(metrics.takenOver.name, { outcome: "unreadable" }), 2);
    assert.equal(relay.value(metrics.takenOver.name, { outcome: "over" }), 1);
    const left: string[] = [];
    for await (const { key } of bucket.entries()) left.push(key);
    assert.deepEqual(left, ["elsewhere/1"]);
  });

  it("has nothing to do with the sessions of a relay of another name", async () => {
    const first = await start();
    await established(first, "mine");
    await written(first);
    const other = await start({ name: "here", ports: { first: 29_300, last: 29_399, rest: 0 } });
    assert.equal(other.value(metrics.sessions.name), 0);
    assert.deepEqual(first.service.ready(), { ok: true });
  });

  it("is told of by name and load, and says so when it wants no new calls", async () => {
    const relay = await start({ sessions: 4, leave: "wait" });
    assert.deepEqual(relay.standing, { name: "here-0", incarnation: 1, load: 0 });
    const talks = ["1", "2", "3"].map((id) => new Talk(relay, id));
    for (const talk of talks) await talk.offer(alice.sdp());
    await until(() => relay.standing.load === 0.75);
    const lingering = relay.service.linger?.(60_000);
    assert.equal(relay.standing.load, 1);
    await assert.rejects(new Talk(relay, "4").offer(alice.sdp()), /media-stopping/);
    await talks[0]?.answer(bob.sdp());
    for (const talk of talks) await relay.verbs.delete({ key: talk.key, leg: undefined }, call);
    await lingering;
  });

  it("goes at once where it hands over, and after its time where calls do not end", async () => {
    const quick = await start();
    await new Talk(quick, "1").offer(alice.sdp());
    await quick.service.linger?.(60_000);
    const slow = await start({ name: "slow", leave: "wait", ports: { first: 29_300, last: 29_399, rest: 0 } });
    await new Talk(slow, "1").offer(alice.sdp());
    await slow.service.linger?.(50);
    assert.equal(slow.value(metrics.sessions.name), 1);
  });
});

describe("a stream that goes round and round", () => {
  it("is ended", async () => {
    const relay = await new Relay().start({ rate: 100, ports: { first: 29_400, last: 29_499, rest: 0 } });
    const [alice, bob] = [await Phone.open(), await Phone.open()];
    const talk = new Talk(relay, "round");
    await talk.offer(alice.sdp());
    const forAlice = await talk.answer(bob.sdp());
    await until(() => {
      for (let packet = 0; packet < 5; packet++) alice.say("again", forAlice);
      return relay.value(metrics.ended.name, { cause: "flood" }) === 1;
    });
    alice.close();
    bob.close();
    await relay.stop();
  });
});
