import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { requestOf, responseTo, Stage } from "../testing/stage.ts";
import type { ServerEvent } from "./effects.ts";
import { nonInviteServer, startNonInviteServer } from "./non-invite-server.ts";

const bye = requestOf("BYE");
const answer = (status: number): ServerEvent => ({ type: "respond", status, message: responseTo(bye, status) });
const again: ServerEvent = { type: "request" };

function stage(transport: "udp" | "tcp"): Stage<ReturnType<typeof startNonInviteServer>["state"], ServerEvent> {
  return new Stage(startNonInviteServer(bye, transport === "tcp"), nonInviteServer);
}

test("the answer is given again to retransmissions until Timer J", () => {
  const played = stage("udp").event(answer(200)).until(500).event(again).event(answer(500)).until(40_000);
  assert.deepEqual(played.log, ["0 pass BYE", "0 send 200", "0 → Completed", "500 send 200", "32000 → Terminated"]);
});

test("over TCP the transaction ends with its answer", () => {
  assert.deepEqual(stage("tcp").event(answer(200)).log, ["0 pass BYE", "0 send 200", "0 → Terminated"]);
});

test("over UDP a 100 is sent when the client's Timer E has reached T2, and not before (RFC 4320 section 4.1)", () => {
  const played = stage("udp").event(answer(100)).until(500).event(again).until(3499).event(again);
  assert.deepEqual(played.log, ["0 pass BYE"]);
  played.until(7500).event(again);
  assert.deepEqual(played.log.slice(1), ["3500 send 100", "3500 → Proceeding", "7500 send 100"]);
});

test("over TCP a 100 may be sent at any time", () => {
  assert.deepEqual(stage("tcp").event(answer(100)).log, ["0 pass BYE", "0 send 100", "0 → Proceeding"]);
});

test("no provisional response but 100 is ever sent (RFC 4320 section 4.1)", () => {
  for (const transport of ["udp", "tcp"] as const) {
    assert.deepEqual(stage(transport).event(answer(183)).log, ["0 pass BYE"]);
  }
});

test("a 408 is never sent: the request is absorbed in silence (RFC 4320 section 4.2)", () => {
  const played = stage("udp").event(answer(408)).event(again).until(40_000);
  assert.deepEqual(played.log, ["0 pass BYE", "0 → Completed", "32000 → Terminated"]);
  assert.deepEqual(stage("tcp").event(answer(408)).log, ["0 pass BYE", "0 → Terminated"]);
});

test("what is not answered when the client's Timer F fires is not answered any more", () => {
  const played = stage("udp").until(32_000).event(answer(200));
  assert.deepEqual(played.log.slice(-2), ["32000 failed: timeout", "32000 → Terminated"]);
});

test("whatever happens: at most one answer, no 408, and an end", () => {
  const anything = fc.oneof(
    fc.constantFrom(again, { type: "transport-error" } as ServerEvent),
    fc.integer({ min: 100, max: 699 }).map(answer),
    fc.integer({ min: 0, max: 10_000 }),
  );
  fc.assert(
    fc.property(fc.constantFrom("udp", "tcp"), fc.array(anything, { maxLength: 20 }), (transport, happenings) => {
      const played = stage(transport as "udp" | "tcp");
      for (const each of happenings) {
        if (typeof each === "number") played.until(played.now + each);
        else played.event(each);
      }
      const statuses = [...new Set(played.sent)].map((draft) => Number(draft.head.slice(8, 11)));
      assert.ok(statuses.filter((status) => status >= 200).length <= 1);
      assert.ok(!statuses.includes(408));
      assert.ok(statuses.every((status) => status === 100 || status >= 200));
      played.until(played.now + 64_000);
      assert.equal(played.state.state, "Terminated");
      assert.deepEqual(played.timers, []);
    }),
  );
});
