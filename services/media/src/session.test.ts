import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse, streamsOf } from "@sipmesh/sdp";
import fc from "fast-check";
import { answer, portsForAnswer } from "./answer.ts";
import type { MediaEffect, Step } from "./effects.ts";
import { type DescriptionEvent, ExchangeError, type Need } from "./exchange.ts";
import { offer, portsForOffer } from "./offer.ts";
import { reject } from "./reject.ts";
import { remove } from "./remove.ts";
import { emptySession, type PortPair, portsOf, type SessionState, type Side } from "./session.ts";

/** A call that opens ports without a network: every pair gets the next number. */
class Call {
  state: SessionState = emptySession;
  effects: readonly MediaEffect[] = [];
  readonly open = new Set<PortPair>();
  readonly wired = new Set<string>();
  #next = 30000;

  #ports(needs: readonly Need[]): Map<number, PortPair> {
    return new Map(
      needs.map(({ media, bind }) => {
        const pair = { bind, advertise: bind, port: this.#next };
        this.#next += 2;
        this.open.add(pair);
        return [media, pair];
      }),
    );
  }

  take(step: Step): string {
    this.state = step.state;
    this.effects = step.effects;
    for (const effect of step.effects) {
      if (effect.type === "release") assert.ok(this.open.delete(effect.pair), "a port is released once");
      if (effect.type === "wire") this.wired.add(`${effect.leg.branch}/${effect.leg.calleeTag}/${effect.media}`);
      if (effect.type === "unwire") {
        assert.ok(this.wired.delete(`${effect.leg.branch}/${effect.leg.calleeTag}/${effect.media}`));
      }
    }
    assert.deepEqual(this.open, portsOf(this.state), "what is open is what the session holds");
    const tell = step.effects.find((effect) => effect.type === "tell");
    return tell?.sdp ?? "";
  }

  offer(event: DescriptionEvent): string {
    return this.take(offer(this.state, event, this.#ports(portsForOffer(this.state, event)), 32));
  }

  answer(event: DescriptionEvent): string {
    return this.take(answer(this.state, event, this.#ports(portsForAnswer(this.state, event)), 32));
  }
}

interface Words {
  readonly address?: string;
  readonly ports?: readonly number[];
  readonly version?: number;
  readonly attributes?: readonly string[];
  readonly bind?: string;
}

function event(from: Side, leg: string, words: Words = {}): DescriptionEvent {
  const [branch = "", calleeTag = ""] = leg.split("/");
  const { address = from === "caller" ? "10.0.0.1" : "10.0.0.2", ports = [4000], version = 1, attributes = [] } = words;
  const lines = ["v=0", `o=${from} 1 ${version} IN IP4 ${address}`, "s=-", `c=IN IP4 ${address}`, "t=0 0"];
  for (const port of ports) lines.push(`m=audio ${port} RTP/AVP 0`, ...attributes);
  const description = parse(`${lines.join("\r\n")}\r\n`);
  const bind = words.bind ?? (from === "caller" ? "198.51.100.2" : "198.51.100.1");
  return { leg: { branch, calleeTag }, from, description, streams: streamsOf(description), source: address, bind };
}

const mediaPorts = (sdp: string) => [...sdp.matchAll(/^m=\S+ (\d+)/gm)].map((match) => Number(match[1]));
const version = (sdp: string) => Number(/^o=\S+ \S+ (\d+)/m.exec(sdp)?.[1]);

function answered(): Call {
  const call = new Call();
  call.offer(event("caller", "b1/"));
  call.answer(event("callee", "b1/t1"));
  return call;
}

describe("a media session", () => {
  it("tells each side the ports that face it, and relays after the answer", () => {
    const call = new Call();
    const offered = call.offer(event("caller", "b1/"));
    assert.deepEqual(mediaPorts(offered), [30000]);
    assert.match(offered, /c=IN IP4 198\.51\.100\.2/);
    assert.deepEqual(call.wired, new Set());
    const accepted = call.answer(event("callee", "b1/t1"));
    assert.deepEqual(mediaPorts(accepted), [30002]);
    assert.match(accepted, /c=IN IP4 198\.51\.100\.1/);
    assert.deepEqual(call.wired, new Set(["b1/t1/0"]));
  });

  it("gives each early dialog an answer of its own: the caller sends to two ports, both callees to one", () => {
    const call = new Call();
    call.offer(event("caller", "b1/"));
    const first = call.answer(event("callee", "b1/t1"));
    const second = call.answer(event("callee", "b1/t2", { address: "10.0.0.3" }));
    assert.notDeepEqual(mediaPorts(first), mediaPorts(second));
    assert.deepEqual(call.wired, new Set(["b1/t1/0", "b1/t2/0"]));
    const facing = call.state.legs.filter((leg) => leg.agreed).map((leg) => leg.agreed?.facing.callee[0]?.port);
    assert.deepEqual(facing, [30000, 30000]);
  });

  it("gives each branch of a forked INVITE ports of its own", () => {
    const call = new Call();
    assert.notDeepEqual(mediaPorts(call.offer(event("caller", "b1/"))), mediaPorts(call.offer(event("caller", "b2/"))));
  });

  it("keeps what stands when an answer comes again: a 183, then the 200", () => {
    const call = answered();
    const before = call.state.legs.at(-1)?.agreed;
    const again = call.answer(event("callee", "b1/t1"));
    assert.deepEqual(mediaPorts(again), [30002]);
    assert.equal(call.state.legs.at(-1)?.agreed, before);
    assert.deepEqual(
      call.effects.map((effect) => effect.type),
      ["tell"],
    );
  });

  it("takes an offer in the 2xx and its answer in the ACK", () => {
    const call = new Call();
    call.offer(event("callee", "b1/t1"));
    call.answer(event("caller", "b1/t1"));
    assert.deepEqual(call.wired, new Set(["b1/t1/0"]));
  });

  it("takes the answer in an ACK that a re-INVITE has overtaken, and then the refusal of that", () => {
    const call = new Call();
    call.offer(event("callee", "b1/t1"));
    call.offer(event("caller", "/t1", { version: 2, attributes: ["a=sendonly"] }));
    call.answer(event("caller", "b1/t1"));
    assert.deepEqual(call.wired, new Set(["b1/t1/0"]));
    const before = call.state.legs[0]?.agreed;
    call.take(reject(call.state, { branch: "", calleeTag: "t1" }, "caller"));
    assert.equal(call.state.legs[0]?.agreed, before);
    assert.equal(call.open.size, 2);
  });

  it("keeps its ports over a re-offer from either side, named by the tag alone or with another branch", () => {
    for (const leg of ["/t1", "b9/t1"]) {
      const call = answered();
      assert.deepEqual(mediaPorts(call.offer(event("callee", leg, { version: 2 }))), [30002]);
      assert.deepEqual(mediaPorts(call.answer(event("caller", leg, { version: 2 }))), [30000]);
      assert.equal(call.state.legs.length, 2);
    }
  });

  it("restores what was agreed when a re-offer is refused, and gives back the ports of its new stream", () => {
    const call = answered();
    const before = call.state.legs.at(-1)?.agreed;
    const offered = call.offer(event("caller", "/t1", { address: "10.0.0.9", ports: [5000, 5002], version: 2 }));
    assert.deepEqual(mediaPorts(offered), [30000, 30004]);
    call.take(reject(call.state, { branch: "", calleeTag: "t1" }, "caller"));
    assert.equal(call.state.legs.at(-1)?.agreed, before);
    assert.deepEqual(
      call.effects.map((effect) => effect.type),
      ["release"],
    );
    assert.deepEqual(call.wired, new Set(["b1/t1/0"]));
  });

  it("counts on in o= after a refused re-offer, though the next offer is the former one (RFC 3264 section 8)", () => {
    const call = answered();
    assert.equal(version(call.offer(event("caller", "/t1", { ports: [5000, 5002], version: 2 }))), 2);
    call.take(reject(call.state, { branch: "", calleeTag: "t1" }, "caller"));
    assert.equal(version(call.offer(event("caller", "/t1", { version: 3 }))), 3);
    call.take(reject(call.state, { branch: "", calleeTag: "t1" }, "caller"));
    assert.equal(version(call.offer(event("caller", "/t1", { version: 3 }))), 3);
  });

  it("releases a stream that the answer refuses, and both its ports when it is re-offered away", () => {
    const call = new Call();
    call.offer(event("caller", "/t1", { ports: [4000, 4002] }));
    const sdp = call.answer(event("callee", "/t1", { ports: [6000, 0] }));
    assert.deepEqual(mediaPorts(sdp), [30004, 0]);
    assert.equal(call.open.size, 2);
    call.offer(event("caller", "/t1", { ports: [0, 0], version: 2 }));
    call.answer(event("callee", "/t1", { ports: [0, 0], version: 2 }));
    assert.equal(call.open.size, 0);
    assert.deepEqual(call.wired, new Set());
  });

  it("opens other ports where the call moves to another address of the relay", () => {
    const call = answered();
    const offered = call.offer(event("caller", "/t1", { version: 2, bind: "203.0.113.1" }));
    assert.deepEqual(mediaPorts(offered), [30004]);
    call.answer(event("callee", "/t1", { version: 2 }));
    // The branch still holds the port that it was offered.
    assert.equal(call.open.size, 3);
  });

  it("ends the branch and its early dialogs when the INVITE is refused", () => {
    for (const name of [
      { branch: "b1", calleeTag: "" },
      { branch: "b1", calleeTag: "of-the-486" },
    ]) {
      const call = answered();
      call.offer(event("caller", "b2/"));
      call.take(reject(call.state, name, "caller"));
      assert.deepEqual(
        call.state.legs.map((leg) => leg.branch),
        ["b2"],
      );
      assert.deepEqual(call.wired, new Set());
    }
  });

  it("ends with BYE, leg by leg or as a whole", () => {
    const call = answered();
    call.answer(event("callee", "b1/t2"));
    call.take(remove(call.state, { branch: "", calleeTag: "t1" }));
    assert.deepEqual(call.wired, new Set(["b1/t2/0"]));
    call.take(remove(call.state, { branch: "", calleeTag: "t2" }));
    assert.equal(call.open.size, 0);
    const whole = answered();
    whole.take(remove(whole.state, { branch: "", calleeTag: "" }));
    assert.equal(whole.open.size, 0);
  });

  it("keeps the two passes of a spiral apart, though their tags are the same", () => {
    const call = new Call();
    call.offer(event("caller", "b1/"));
    call.offer(event("caller", "b2/"));
    call.answer(event("callee", "b2/t1"));
    call.answer(event("callee", "b1/t1"));
    assert.deepEqual(call.wired, new Set(["b2/t1/0", "b1/t1/0"]));
  });

  it("refuses an answer to nothing", () => {
    const call = new Call();
    assert.throws(
      () => call.answer(event("callee", "b1/t1")),
      (error) => error instanceof ExchangeError && error.code === "no-offer",
    );
  });

  it("bounds the legs of a call", () => {
    const call = new Call();
    for (let i = 0; i < 32; i++) call.offer(event("caller", `b${i}/`));
    assert.throws(
      () => call.offer(event("caller", "b32/")),
      (error) => error instanceof ExchangeError && error.code === "too-many-legs",
    );
  });

  it("holds exactly the ports of its legs, whatever happens in whatever order, and none at the end", () => {
    const leg = fc.constantFrom("b1/", "b2/", "b1/t1", "b1/t2", "b2/t3", "/t1", "/t2", "b7/t1");
    const words = fc.record({
      ports: fc.array(fc.constantFrom(0, 4000, 5000), { minLength: 1, maxLength: 3 }),
      bind: fc.constantFrom("198.51.100.1", "198.51.100.2"),
      version: fc.integer({ min: 1, max: 5 }),
      attributes: fc.subarray(["a=rtcp-mux", "a=sendonly", "a=rtcp:9"]),
    });
    const side = fc.constantFrom<Side>("caller", "callee");
    const command = fc.record({ verb: fc.constantFrom("offer", "answer", "reject", "remove"), leg, side, words });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
        const call = new Call();
        for (const { verb, leg: name, side: from, words: said } of commands) {
          const made = event(from, name, said);
          try {
            if (verb === "offer") call.offer(made);
            else if (verb === "answer") call.answer(made);
            else call.take(verb === "reject" ? reject(call.state, made.leg, from) : remove(call.state, made.leg));
          } catch (error) {
            assert.ok(error instanceof ExchangeError, String(error));
          }
        }
        call.take(remove(call.state, { branch: "", calleeTag: "" }));
        assert.equal(call.open.size, 0);
        assert.equal(call.wired.size, 0);
      }),
      { numRuns: 500 },
    );
  });
});
