import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { draftOf, requestOf, responseTo, Stage } from "../testing/stage.ts";
import type { ClientEvent } from "./effects.ts";
import { nonInviteClient, startNonInviteClient } from "./non-invite-client.ts";

const got = (status: number): ClientEvent => ({ type: "response", message: responseTo(requestOf("BYE"), status) });

function stage(transport: "udp" | "tcp"): Stage<ReturnType<typeof startNonInviteClient>["state"], ClientEvent> {
  return new Stage(startNonInviteClient(draftOf("BYE"), transport === "tcp"), nonInviteClient);
}

test("over UDP Timer E doubles from T1 to T2 until Timer F gives up after 32 s", () => {
  const { log } = stage("udp").until(40_000);
  const sent = log.filter((line) => line.endsWith("send BYE")).map((line) => Number.parseInt(line, 10));
  assert.deepEqual(sent, [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
  assert.deepEqual(log.slice(-2), ["32000 failed: timeout", "32000 → Terminated"]);
});

test("a provisional response slows the retransmissions to T2 and does not end them", () => {
  const played = stage("udp").until(600).event(got(100)).until(10_000).event(got(200));
  assert.deepEqual(played.log, [
    "0 send BYE",
    "500 send BYE",
    "600 pass 100",
    "600 → Proceeding",
    "1500 send BYE",
    "5500 send BYE",
    "9500 send BYE",
    "10000 pass 200",
    "10000 → Completed",
  ]);
});

test("Timer F also bounds what was answered provisionally", () => {
  const played = stage("tcp").event(got(100)).until(40_000);
  assert.deepEqual(played.log.slice(-2), ["32000 failed: timeout", "32000 → Terminated"]);
});

test("retransmitted responses are absorbed for T4, over TCP there are none", () => {
  assert.deepEqual(stage("udp").event(got(200)).until(100).event(got(200)).until(9000).log, [
    "0 send BYE",
    "0 pass 200",
    "0 → Completed",
    "5000 → Terminated",
  ]);
  assert.deepEqual(stage("tcp").event(got(200)).log, ["0 send BYE", "0 pass 200", "0 → Terminated"]);
});

test("what cannot be delivered fails at once", () => {
  const played = stage("udp").event({ type: "transport-error" });
  assert.deepEqual(played.log, ["0 send BYE", "0 failed: transport", "0 → Terminated"]);
});

test("whatever comes: one final response or one failure, never both, and an end", () => {
  const anything = fc.oneof(fc.integer({ min: 100, max: 699 }), fc.integer({ min: -20_000, max: 0 }));
  fc.assert(
    fc.property(fc.constantFrom("udp", "tcp"), fc.array(anything, { maxLength: 20 }), (transport, happenings) => {
      const played = stage(transport as "udp" | "tcp");
      for (const each of happenings) {
        if (each <= 0) played.until(played.now - each);
        else played.event(got(each));
      }
      played.until(played.now + 64_000);
      const ends = played.log.filter((line) => line.includes("failed") || /pass [2-6]/.test(line));
      assert.equal(ends.length, 1);
      assert.equal(played.state.state, "Terminated");
      assert.deepEqual(played.timers, []);
    }),
  );
});
