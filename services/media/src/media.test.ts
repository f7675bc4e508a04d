import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Side } from "@sipmesh/proto/media";
import { Code, RpcError } from "@sipmesh/rpc";
import { encodeRtcp } from "@sipmesh/rtp";
import { metrics } from "./telemetry.ts";
import { loopback, Phone } from "./testing/phone.ts";
import { call, Relay, Talk } from "./testing/relay.ts";

describe("the media service", () => {
  let relay: Relay;
  let alice: Phone;
  let bob: Phone;
  let calls = 0;
  before(async () => {
    relay = await new Relay().start();
    alice = await Phone.open();
    bob = await Phone.open();
  });
  after(async () => {
    await relay.stop();
    alice.close();
    bob.close();
  });

  const talk = (on = relay) => new Talk(on, `call-${++calls}`);

  it("begins anew for an offer that comes while the last leg ends, as when a fork goes on to the next phone", async () => {
    const session = talk();
    await session.offer(alice.sdp());
    const ended = session.end();
    assert.ok((await session.offer(alice.sdp(), { branch: "b2", calleeTag: "" })) > 0);
    await ended;
    assert.ok((await session.answer(bob.sdp(), { branch: "b2", calleeTag: "t2" })) > 0);
    await session.end();
  });

  it("relays RTP and RTCP both ways, and reports what each side sent", async () => {
    const session = talk();
    const forBob = await session.offer(alice.sdp());
    const forAlice = await session.answer(bob.sdp());
    const before = [alice.heard.length, bob.heard.length] as const;
    for (let i = 1; i <= 10; i++) {
      // The fourth is lost on its way to the relay.
      if (i !== 4) alice.say(`a${i}`, forAlice, i);
      bob.say(`b${i}`, forBob, i);
    }
    await bob.until(before[1] + 9);
    await alice.until(before[0] + 10);
    assert.deepEqual(
      alice.heard.slice(-10),
      Array.from({ length: 10 }, (_, index) => `b${index + 1}`),
    );

    alice.rtcp.send(encodeRtcp([{ type: "receiver-report", ssrc: 1, blocks: [] }]), forAlice + 1, loopback);
    for (let tries = 0; bob.heardRtcp.length === 0 && tries < 100; tries++) await wait(5);
    assert.deepEqual(bob.heardRtcp, [forBob + 1], "RTCP comes from the odd port beside");

    const { streams } = await relay.verbs.query({ key: session.key }, call);
    assert.deepEqual(
      streams.map(({ from, packets, lost, calleeTag, held }) => ({ from, packets, lost, calleeTag, held })),
      [
        { from: Side.SIDE_CALLER, packets: 9n, lost: 1n, calleeTag: "t1", held: false },
        { from: Side.SIDE_CALLEE, packets: 10n, lost: 0n, calleeTag: "t1", held: false },
      ],
    );
    assert.equal(streams[1]?.octets, BigInt(12 * 10 + 9 * 2 + 3));
    const ended = await session.end();
    assert.deepEqual(
      ended.streams.map(({ packets }) => packets),
      [9n, 10n],
    );
    assert.deepEqual(await session.end(), { streams: [] });
    assert.equal(relay.telemetry.metrics.value(metrics.sessions.name), 0);
    assert.equal(relay.telemetry.metrics.value(metrics.ports.name), 0);
    assert.equal(relay.telemetry.metrics.value(metrics.packets.name, { kind: "rtp" }), 19);
    assert.equal(relay.telemetry.metrics.value(metrics.packets.name, { kind: "rtcp" }), 1);
    assert.equal(relay.telemetry.metrics.value(metrics.lost.name), 1);
  });

  it("hears a phone that sends from another port than it described, and refuses a stranger after it", async () => {
    const session = talk();
    const forBob = await session.offer(alice.sdp());
    const forAlice = await session.answer(bob.sdp());
    const moved = await Phone.open();
    const heard = bob.heard.length;
    moved.say("from the other port", forAlice);
    await bob.until(heard + 1);
    bob.say("to the other port", forBob);
    await moved.until(1);
    const refused = relay.dropped("source");
    alice.say("a stranger by now", forAlice);
    for (let tries = 0; relay.dropped("source") === refused && tries < 100; tries++) await wait(5);
    assert.equal(relay.dropped("source"), refused + 1);
    assert.equal(bob.heard.length, heard + 1);
    moved.close();
    await session.end();
  });

  it("does not let packets go round where a description names a port of ours", async () => {
    const session = talk();
    const leg = { branch: "b1", calleeTag: "t1" };
    const bobsPort = await session.offer(alice.sdp());
    const forAlice = await session.answer(bob.sdp());
    const heard = bob.heard.length;
    alice.say("known", forAlice);
    await bob.until(heard + 1);
    await session.offer(alice.sdp().replace(/^m=audio \d+/m, `m=audio ${bobsPort}`), leg);
    await session.answer(bob.sdp().replace(/^m=audio \d+/m, `m=audio ${forAlice}`), leg);
    const relayed = () => relay.telemetry.metrics.value(metrics.packets.name, { kind: "rtp" });
    const before = relayed();
    for (let i = 1; i <= 5; i++) alice.say("round and round", forAlice, i);
    await wait(100);
    assert.ok(relayed() - before <= 10, `${relayed() - before} packets relayed of 5`);
    await session.end();
  });

  it("lets a call pass through twice, as where another server sends it back", async () => {
    const [one, two] = [talk(), talk()];
    const outward = await one.offer(alice.sdp());
    const onward = await two.offer(alice.sdp().replace(/^m=audio \d+/m, `m=audio ${outward}`));
    const back = await two.answer(bob.sdp());
    const forAlice = await one.answer(bob.sdp().replace(/^m=audio \d+/m, `m=audio ${back}`));
    const heard = [alice.heard.length, bob.heard.length] as const;
    alice.say("there", forAlice);
    await bob.until(heard[1] + 1);
    bob.say("back", onward);
    await alice.until(heard[0] + 1);
    await one.end();
    await two.end();
  });

  it("drops what comes before there is an answer", async () => {
    const session = talk();
    const forBob = await session.offer(alice.sdp());
    const dropped = relay.dropped("unwired");
    bob.say("too early", forBob);
    for (let tries = 0; relay.dropped("unwired") === dropped && tries < 100; tries++) await wait(5);
    assert.equal(relay.dropped("unwired"), dropped + 1);
    await session.end();
  });

  it("keeps two early dialogs of one branch apart by where their packets come from", async () => {
    const carol = await Phone.open();
    const session = talk();
    const forCallees = await session.offer(alice.sdp());
    const toBob = await session.answer(bob.sdp(), { branch: "b1", calleeTag: "t1" });
    const toCarol = await session.answer(carol.sdp(), { branch: "b1", calleeTag: "t2" });
    const heard = bob.heard.length;
    alice.say("for bob", toBob);
    alice.say("for carol", toCarol);
    await bob.until(heard + 1);
    await carol.until(1);
    assert.equal(bob.heard.at(-1), "for bob");
    assert.deepEqual(carol.heard, ["for carol"]);
    bob.say("bob speaks", forCallees);
    carol.say("carol speaks", forCallees);
    const callees = async () => {
      const { streams } = await relay.verbs.query({ key: session.key }, call);
      return streams.filter(({ from }) => from === Side.SIDE_CALLEE);
    };
    for (let tries = 0; (await callees()).some(({ packets }) => packets === 0n) && tries < 200; tries++) await wait(5);
    assert.deepEqual(
      (await callees()).map(({ calleeTag, packets }) => [calleeTag, packets]),
      [
        ["t1", 1n],
        ["t2", 1n],
      ],
    );
    carol.close();
    await session.end();
  });

  it("sends a held phone nothing, and does not end its session", async () => {
    const short = await new Relay().start({ silence: 0.4 });
    const held = talk(short);
    await held.offer(alice.sdp());
    await held.answer(bob.sdp(["a=inactive"]));
    const silent = talk(short);
    await silent.offer(alice.sdp());
    await silent.answer(bob.sdp());
    for (let tries = 0; short.telemetry.metrics.value(metrics.sessions.name) > 1 && tries < 300; tries++)
      await wait(10);
    await wait(1100);
    assert.equal(short.telemetry.metrics.value(metrics.ended.name, { cause: "silence" }), 1);
    assert.equal((await short.verbs.query({ key: held.key }, call)).streams.length, 2);
    assert.equal((await short.verbs.query({ key: silent.key }, call)).streams.length, 0);
    await short.stop();
    assert.equal(short.telemetry.metrics.value(metrics.ports.name), 0);
  });

  it("says that it has no port left, and lends none before it has rested", async () => {
    const small = await new Relay().start({ ports: { first: 29_000, last: 29_003, rest: 60 } });
    const first = talk(small);
    await first.offer(alice.sdp());
    await first.answer(bob.sdp());
    const exhausted = (error: unknown) => error instanceof RpcError && error.code === Code.ResourceExhausted;
    await assert.rejects(talk(small).offer(alice.sdp()), exhausted);
    await first.end();
    await assert.rejects(talk(small).offer(alice.sdp()), exhausted);
    assert.equal(small.telemetry.metrics.value(metrics.exchanges.name, { verb: "offer", outcome: "media-no-port" }), 2);
    assert.equal(small.telemetry.metrics.value(metrics.sessions.name), 0);
    await small.stop();
  });

  it("skips a port that another program holds", async () => {
    const other = createSocket("udp4");
    other.bind(29_101, loopback);
    await once(other, "listening");
    const small = await new Relay().start({ ports: { first: 29_100, last: 29_103, rest: 0 } });
    assert.equal(await talk(small).offer(alice.sdp()), 29_102);
    await small.stop();
    other.close();
  });

  it("bounds the calls", async () => {
    const small = await new Relay().start({ sessions: 1 });
    await talk(small).offer(alice.sdp());
    await assert.rejects(talk(small).offer(alice.sdp()), /media-too-many-sessions/);
    await small.stop();
  });

  it("answers what cannot be understood", async () => {
    const key = { callId: "x", callerTag: "a" };
    const request = { key, leg: undefined, from: Side.SIDE_CALLER, toward: loopback, source: "" };
    const code = (expected: number) => (error: unknown) => error instanceof RpcError && error.code === expected;
    await assert.rejects(
      async () => relay.verbs.offer({ ...request, sdp: Buffer.from("hello") }, call),
      code(Code.InvalidArgument),
    );
    await assert.rejects(
      async () => relay.verbs.answer({ ...request, sdp: Buffer.from(alice.sdp()) }, call),
      code(Code.NotFound),
    );
    await assert.rejects(
      async () => relay.verbs.offer({ ...request, key: undefined, sdp: Buffer.from(alice.sdp()) }, call),
      code(Code.InvalidArgument),
    );
    assert.deepEqual(await relay.verbs.reject({ key, leg: undefined, from: Side.SIDE_CALLER }, call), {});
    assert.equal(relay.telemetry.metrics.value(metrics.sessions.name), 0);
  });

  it("shows its calls", async () => {
    const session = talk();
    await session.offer(alice.sdp());
    await session.answer(bob.sdp());
    const state = JSON.parse(JSON.stringify(relay.service.state())) as {
      sessions: number;
      calls: { callId: string }[];
    };
    assert.equal(state.sessions, 1);
    assert.equal(state.calls[0]?.callId, session.key.callId);
    await session.end();
  });
});
