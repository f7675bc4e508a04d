import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse, streamsOf } from "@sipmesh/sdp";
import { endingOf } from "./expiry.ts";
import type { SessionState } from "./session.ts";

const bounds = { silence: 100, unanswered: 1000, longest: 10_000, rate: 50 };
const described = (direction: string) => ({
  streams: streamsOf(parse(`v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\na=${direction}\r\n`)),
  source: "",
});
const pair = { bind: "10.0.0.9", advertise: "10.0.0.9", port: 30000 };

function session(caller: string, callee: string): SessionState {
  return {
    legs: [
      {
        branch: "b",
        calleeTag: "t",
        pending: {},
        told: {},
        agreed: {
          described: { caller: described(caller), callee: described(callee) },
          facing: { caller: [pair], callee: [pair] },
        },
      },
    ],
  };
}
const ringing: SessionState = { legs: [{ branch: "b", calleeTag: "", pending: {}, told: {} }] };

describe("a session ends", () => {
  for (const [what, state, activity, now, expected] of [
    [
      "without packets for long",
      session("sendrecv", "sendrecv"),
      { began: 0, signalled: 0, packet: 50 },
      150,
      "silence",
    ],
    ["not while packets come", session("sendrecv", "sendrecv"), { began: 0, signalled: 0, packet: 51 }, 150, undefined],
    [
      "not right after an exchange",
      session("sendrecv", "sendrecv"),
      { began: 0, signalled: 60, packet: 10 },
      150,
      undefined,
    ],
    ["without any packet at all", session("sendrecv", "sendrecv"), { began: 0, signalled: 0 }, 100, "silence"],
    ["not while held", session("sendonly", "recvonly"), { began: 0, signalled: 0 }, 9999, undefined],
    ["not while held by the callee", session("recvonly", "inactive"), { began: 0, signalled: 0 }, 9999, undefined],
    ["in any case, though held", session("sendonly", "recvonly"), { began: 0, signalled: 0 }, 10_000, "longest"],
    ["without an answer", ringing, { began: 0, signalled: 0 }, 1000, "unanswered"],
    ["that is too fast for people", session("sendrecv", "sendrecv"), { began: 0, signalled: 0, rate: 51 }, 1, "flood"],
    ["not at full speed", session("sendrecv", "sendrecv"), { began: 0, signalled: 0, rate: 50 }, 1, undefined],
    ["not while it rings", ringing, { began: 0, signalled: 0 }, 999, undefined],
  ] as const) {
    it(what, () => assert.equal(endingOf(state, { rate: 0, ...activity }, bounds, now), expected));
  }
});
