import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromDraft, type Request, type Response, request, response } from "@sipmesh/sip";
import type { Sighting } from "../sip-tap.ts";
import { cancelAnswers } from "./cancel-answers.ts";
import type { Check } from "./check.ts";
import { every2xx } from "./every-2xx.ts";
import { finalResponses } from "./final-responses.ts";
import { noLateAnswers } from "./late-answers.ts";
import { relayedMedia } from "./relayed-media.ts";
import { ringBound } from "./ring-bound.ts";

const caller = { address: "10.1.1.1", port: 5060 };
const proxy = { address: "10.0.0.1", port: 5060 };
const callee = { address: "10.1.2.1", port: 5060 };
const nobody = () => false;
const isPlatform = (address: string) => address === proxy.address;

function made(method: string, branch: string, cseq = 1, tag = ""): Request {
  const draft = request({
    method,
    uri: "sip:bob@example.com",
    via: `SIP/2.0/UDP 10.1.1.1:5060;branch=z9hG4bK${branch}`,
    from: "<sip:alice@example.com>;tag=a",
    to: `<sip:bob@example.com>${tag === "" ? "" : `;tag=${tag}`}`,
    callId: "call",
    cseq,
  });
  return fromDraft(draft) as Request;
}
const answer = (to: Request, status: number, toTag = "b"): Response =>
  fromDraft(response(to, status, { toTag })) as Response;

function sighting(
  at: number,
  what: Sighting["what"],
  from: typeof caller,
  to: typeof caller,
  message: Request | Response,
): Sighting {
  return { at, what, transport: "udp", from, to, message, text: message.head };
}
const came = (at: number, message: Request | Response, from = caller) =>
  sighting(at, "delivered", from, proxy, message);
const left = (at: number, message: Request | Response, to = caller) => sighting(at, "sent", proxy, to, message);

function verdict(check: Check, sightings: readonly Sighting[], now = 1_000_000): string[] {
  for (const one of sightings) check.see(one);
  return check.verdict(now).map(({ what }) => what);
}

const invite = made("INVITE", "up");
const onward = made("INVITE", "down");

describe("the check of final responses", () => {
  for (const [what, statuses, wrong] of [
    ["one refusal", [180, 486], 0],
    ["a refusal again", [486, 486], 0],
    ["two refusals", [486, 603], 1],
    ["a refusal after a 2xx", [200, 603], 1],
    ["two 2xx", [200, 200], 0],
  ] as const) {
    it(`${wrong === 0 ? "allows" : "finds"} ${what}`, () => {
      const seen = statuses.map((status, at) => left(at, answer(invite, status)));
      assert.equal(verdict(finalResponses(isPlatform), seen).length, wrong);
    });
  }
});

describe("the check of 2xx", () => {
  it("finds one that was not forwarded, each time that it comes", () => {
    const ok = answer(onward, 200);
    assert.deepEqual(verdict(every2xx(isPlatform, nobody), [came(1, ok, callee), left(2, answer(invite, 200))]), []);
    const twice = [came(1, ok, callee), left(2, answer(invite, 200)), came(3, ok, callee)];
    assert.equal(verdict(every2xx(isPlatform, nobody), twice).length, 1);
  });
  it("finds an ACK that was not forwarded, and minds none for a refusal", () => {
    const accepted = [came(1, answer(onward, 200), callee), left(2, answer(invite, 200))];
    const ack = made("ACK", "ack", 1, "b");
    assert.equal(verdict(every2xx(isPlatform, nobody), [...accepted, came(3, ack)]).length, 1);
    assert.equal(verdict(every2xx(isPlatform, nobody), [...accepted, came(3, ack), left(4, ack, callee)]).length, 0);
    assert.equal(verdict(every2xx(isPlatform, nobody), [left(2, answer(invite, 486)), came(3, ack)]).length, 0);
  });
});

describe("the check of 2xx of phones that are gone", () => {
  const check = (address: string) => every2xx(isPlatform, (one) => one === address);
  const unsent = [came(0, invite), came(1, answer(onward, 200), callee)];
  it("excuses what could not be sent to a caller that is gone", () =>
    assert.deepEqual(verdict(check(caller.address), unsent), []));
  it("excuses no other phone", () => assert.equal(verdict(check("10.1.9.9"), unsent).length, 1));
});

describe("the check of late answers", () => {
  const message = made("MESSAGE", "m");
  it("allows an answer in time", () =>
    assert.deepEqual(verdict(noLateAnswers(isPlatform), [came(0, message), left(100, answer(message, 200))]), []));
  it("finds a 408, and an answer when the time is over", () => {
    assert.equal(verdict(noLateAnswers(isPlatform), [came(0, message), left(100, answer(message, 408))]).length, 1);
    assert.equal(verdict(noLateAnswers(isPlatform), [came(0, message), left(70_000, answer(message, 200))]).length, 1);
  });
});

describe("the check of answers to CANCEL", () => {
  const cancel = made("CANCEL", "up");
  const [ok, ended] = [left(2, answer(cancel, 200)), left(3, answer(invite, 487))];
  const check = (gone = false) => cancelAnswers(isPlatform, () => gone);
  it("allows the 200 before the 487, and both again", () =>
    assert.deepEqual(verdict(check(), [came(1, cancel), ok, ended, came(4, cancel), ended, ok]), []));
  it("finds a 487 that comes first, and a CANCEL that is never answered", () => {
    assert.equal(verdict(check(), [came(1, cancel), ended, ok]).length, 1);
    assert.equal(verdict(check(), [came(1, cancel), left(2, answer(invite, 486))]).length, 1);
  });
  it("minds neither an answer that crosses the CANCEL nor a caller that is gone", () => {
    assert.deepEqual(verdict(check(), [came(1, cancel), left(2, answer(invite, 200)), ok]), []);
    assert.deepEqual(verdict(check(true), [came(1, cancel), ended]), []);
  });
});

describe("the check of ringing", () => {
  const ringing = [came(0, invite), left(1, onward, callee), came(2, answer(onward, 180), callee)];
  const check = (gone = false) => ringBound(isPlatform, 30_000, () => gone);
  const cancel = left(30_000, made("CANCEL", "down"), callee);
  it("allows a call that is cancelled in time", () => {
    const ended = [...ringing, cancel, came(30_100, answer(onward, 487), callee), left(30_200, answer(invite, 480))];
    assert.deepEqual(verdict(check(), ended), []);
  });
  it("finds a phone that rings on, and a caller that waits on", () => {
    assert.equal(verdict(check(), ringing).length, 2);
    assert.equal(verdict(check(), [...ringing, cancel]).length, 1);
  });
  it("minds no caller that was heard once, where what comes may be lost with an owner of calls", () => {
    const forgetful = () => ringBound(isPlatform, 30_000, nobody, true);
    assert.deepEqual(verdict(forgetful(), [came(0, invite)]), []);
    assert.equal(verdict(forgetful(), [came(0, invite), came(500, invite)]).length, 1);
  });
  it("minds no phone that stopped working", () =>
    assert.deepEqual(verdict(check(true), [...ringing, left(40_000, answer(invite, 480))]), []));
});

describe("the check of media", () => {
  it("finds a description that leads past the platform", () => {
    const sdp = (address: string) =>
      new Uint8Array(Buffer.from(`v=0\r\nc=IN IP4 ${address}\r\nm=audio 4000 RTP/AVP 0\r\n`));
    const told = (address: string) => {
      const draft = response(invite, 200, { toTag: "b", body: sdp(address), contentType: "application/sdp" });
      return left(1, fromDraft(draft) as Response);
    };
    assert.deepEqual(verdict(relayedMedia(isPlatform), [told(proxy.address), told("0.0.0.0")]), []);
    assert.equal(verdict(relayedMedia(isPlatform), [told(callee.address)]).length, 1);
  });
});
