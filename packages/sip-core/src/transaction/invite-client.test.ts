import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { draftOf, requestOf, responseTo, Stage } from "../testing/stage.ts";
import type { ClientEvent } from "./effects.ts";
import { inviteClient, startInviteClient } from "./invite-client.ts";

const invite = draftOf("INVITE", { route: ["<sip:edge.atlanta.com;lr>"] });
const got = (status: number): ClientEvent => ({ type: "response", message: responseTo(requestOf("INVITE"), status) });

function stage(transport: "udp" | "tcp"): Stage<ReturnType<typeof startInviteClient>["state"], ClientEvent> {
  return new Stage(startInviteClient(invite, transport === "tcp"), inviteClient);
}

test("over UDP Timer A doubles from T1 until Timer B gives up after 32 s", () => {
  assert.deepEqual(stage("udp").until(40_000).log, [
    "0 send INVITE",
    "500 send INVITE",
    "1500 send INVITE",
    "3500 send INVITE",
    "7500 send INVITE",
    "15500 send INVITE",
    "31500 send INVITE",
    "32000 failed: timeout",
    "32000 → Terminated",
  ]);
});

test("over TCP the INVITE is sent once", () => {
  assert.deepEqual(stage("tcp").until(40_000).log, ["0 send INVITE", "32000 failed: timeout", "32000 → Terminated"]);
});

test("a provisional response ends retransmissions; how long it may ring is the transaction user's to say", () => {
  const played = stage("udp").event(got(100)).until(10_000).event(got(180)).until(1_000_000);
  assert.deepEqual(played.log, ["0 send INVITE", "0 pass 100", "0 → Proceeding", "10000 pass 180"]);
});

test("every 2xx passes until Timer M, whichever fork it is of (RFC 6026 Accepted)", () => {
  const played = stage("udp")
    .event(got(180))
    .event(got(200))
    .until(500)
    .event(got(200))
    .event(got(180))
    .event(got(486));
  assert.deepEqual(played.until(40_000).log, [
    "0 send INVITE",
    "0 pass 180",
    "0 → Proceeding",
    "0 pass 200",
    "0 → Accepted",
    "500 pass 200",
    "32000 → Terminated",
  ]);
});

test("a refusal is acknowledged, each time that it comes, and passed once", () => {
  const played = stage("udp").until(100).event(got(486)).until(600).event(got(486)).until(40_000);
  assert.deepEqual(played.log, [
    "0 send INVITE",
    "100 send ACK",
    "100 pass 486",
    "100 → Completed",
    "600 send ACK",
    "32100 → Terminated",
  ]);
});

test("the ACK has the INVITE's Request-URI, Via and Route, and the response's To (section 17.1.1.3)", () => {
  const { sent } = stage("udp").event(got(486));
  assert.equal(
    sent[1]?.head,
    [
      "ACK sip:bob@biloxi.com SIP/2.0",
      "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds",
      "Max-Forwards: 70",
      "Route: <sip:edge.atlanta.com;lr>",
      "From: Alice <sip:alice@atlanta.com>;tag=1928301774",
      "To: Bob <sip:bob@biloxi.com>;tag=a6c85cf",
      "Call-ID: a84b4c76e66710@pc33.atlanta.com",
      "CSeq: 314159 ACK",
      "Content-Length: 0",
      "",
    ].join("\r\n"),
  );
});

test("over TCP a refusal ends the transaction: Timer D is 0", () => {
  assert.deepEqual(stage("tcp").event(got(603)).log, ["0 send INVITE", "0 send ACK", "0 pass 603", "0 → Terminated"]);
});

test("what cannot be delivered fails at once", () => {
  for (const first of [[], [got(180)]]) {
    const played = stage("udp");
    for (const event of first) played.event(event);
    played.event({ type: "transport-error" });
    assert.deepEqual(played.log.slice(-2), ["0 failed: transport", "0 → Terminated"]);
  }
});

test("whatever comes: a refusal passes once at most, every 2xx that comes before one passes, no state is left", () => {
  const anything = fc.oneof(fc.integer({ min: 100, max: 699 }), fc.integer({ min: -40_000, max: 0 }));
  fc.assert(
    fc.property(fc.constantFrom("udp", "tcp"), fc.array(anything, { maxLength: 20 }), (transport, happenings) => {
      const played = stage(transport as "udp" | "tcp");
      for (const each of happenings) {
        if (each <= 0) played.until(played.now - each);
        else played.event(got(each));
      }
      const passed = played.log.filter((line) => line.includes("pass")).map((line) => Number(line.split(" ")[2]));
      const refusals = passed.filter((status) => status >= 300);
      assert.ok(refusals.length <= 1);
      if (refusals.length > 0) assert.ok(passed.every((status) => status < 200 || status >= 300));
      if (played.state.state !== "Proceeding") {
        played.until(played.now + 64_000);
        assert.equal(played.state.state, "Terminated");
        assert.deepEqual(played.timers, []);
      }
    }),
  );
});
