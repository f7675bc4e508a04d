import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { requestOf, responseTo, Stage } from "../testing/stage.ts";
import type { ServerEvent } from "./effects.ts";
import { inviteServer, startInviteServer } from "./invite-server.ts";

const invite = requestOf("INVITE");
const ack = requestOf("ACK");
const answer = (status: number): ServerEvent => ({ type: "respond", status, message: responseTo(invite, status) });
const again: ServerEvent = { type: "request" };
const acknowledged: ServerEvent = { type: "ack", message: ack };

function stage(transport: "udp" | "tcp"): Stage<ReturnType<typeof startInviteServer>["state"], ServerEvent> {
  return new Stage(startInviteServer(invite, transport === "tcp"), inviteServer);
}

test("an INVITE that nobody answers within 200 ms is answered 100, and so are its retransmissions", () => {
  const played = stage("udp").until(199);
  assert.deepEqual(played.log, ["0 pass INVITE"]);
  played.until(500).event(again);
  assert.deepEqual(played.log, ["0 pass INVITE", "200 send 100", "500 send 100"]);
});

test("a provisional response of the transaction user stops the 100", () => {
  const played = stage("udp").event(answer(180)).until(1000).event(again);
  assert.deepEqual(played.log, ["0 pass INVITE", "0 send 180", "1000 send 180"]);
});

test("a retransmission before anything was answered is absorbed", () => {
  assert.deepEqual(stage("udp").event(again).log, ["0 pass INVITE"]);
});

test("after a 2xx the request is absorbed, further 2xx and the ACK pass, until Timer L (RFC 6026 Accepted)", () => {
  const played = stage("udp").event(answer(200)).until(500).event(again).event(answer(200)).event(acknowledged);
  played.event(answer(486)).until(40_000);
  assert.deepEqual(played.log, [
    "0 pass INVITE",
    "0 send 200",
    "0 → Accepted",
    "500 send 200",
    "500 pass ACK",
    "32000 → Terminated",
  ]);
});

test("over UDP a final response other than 2xx is sent again from 500 ms to 4 s until Timer H gives up", () => {
  const played = stage("udp").event(answer(486)).until(40_000);
  const sent = played.log.filter((line) => line.endsWith("send 486")).map((line) => Number.parseInt(line, 10));
  assert.deepEqual(sent, [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
  assert.deepEqual(played.log.slice(-2), ["32000 failed: timeout", "32000 → Terminated"]);
});

test("the ACK ends the retransmissions; Timer I absorbs further ACKs for T4", () => {
  const played = stage("udp").event(answer(486)).until(100).event(acknowledged).event(acknowledged).event(again);
  assert.deepEqual(played.until(9000).log, [
    "0 pass INVITE",
    "0 send 486",
    "0 → Completed",
    "100 → Confirmed",
    "5100 → Terminated",
  ]);
});

test("over TCP nothing is sent again and the ACK ends the transaction at once", () => {
  const played = stage("tcp").event(answer(486)).until(5000).event(acknowledged);
  assert.deepEqual(played.log, ["0 pass INVITE", "0 send 486", "0 → Completed", "5000 → Terminated"]);
});

test("a transport error is told and changes nothing else (RFC 6026 section 7.1)", () => {
  for (const first of [[], [answer(180)], [answer(200)], [answer(500)]] as ServerEvent[][]) {
    const played = stage("udp");
    for (const event of first) played.event(event);
    const before = played.state.state;
    played.event({ type: "transport-error" });
    assert.equal(played.state.state, before);
    assert.equal(played.log.at(-1), "0 failed: transport");
  }
});

const anything = fc.oneof(
  fc.constantFrom(again, acknowledged, { type: "transport-error" } as ServerEvent),
  fc.integer({ min: 100, max: 699 }).map(answer),
  fc.integer({ min: 0, max: 20_000 }),
);

test("whatever happens: one final response other than 2xx at most, none after a 2xx, and an end after the last event", () => {
  fc.assert(
    fc.property(fc.constantFrom("udp", "tcp"), fc.array(anything, { maxLength: 20 }), (transport, happenings) => {
      const played = stage(transport as "udp" | "tcp");
      for (const each of happenings) {
        if (typeof each === "number") played.until(played.now + each);
        else played.event(each);
      }
      const finals = played.sent.map((draft) => Number(draft.head.slice(8, 11))).filter((status) => status >= 200);
      const refusals = new Set(played.sent.filter((draft) => Number(draft.head.slice(8, 11)) >= 300));
      assert.ok(refusals.size <= 1, "a second final response");
      if (finals.some((status) => status < 300)) assert.equal(refusals.size, 0, "a refusal beside a 2xx");
      if (played.state.state !== "Proceeding") {
        played.until(played.now + 100_000);
        assert.equal(played.state.state, "Terminated");
        assert.deepEqual(played.timers, []);
      }
    }),
  );
});
