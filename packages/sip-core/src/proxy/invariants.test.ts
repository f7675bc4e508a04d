import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { callerFlow, ProxyStage, phone, wayTo } from "../testing/proxy-stage.ts";
import { requestOf } from "../testing/stage.ts";

const via = "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK776asdhds;received=198.51.100.7;rport=5060";

/** What phones, callers, networks and time may do, in any order. */
const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant("answer" as const),
      branch: fc.nat(4),
      status: fc.constantFrom(100, 180, 183, 200, 200, 302, 401, 407, 408, 480, 486, 487, 500, 503, 600, 603),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant("wait" as const),
      ms: fc.constantFrom(10, 300, 600, 5000, 31_000, 130_000),
    }),
  },
  fc.record({ what: fc.constant("cancel" as const) }),
  fc.record({ what: fc.constant("again" as const) }),
  fc.record({ what: fc.constant("ack" as const) }),
  fc.record({ what: fc.constant("cancelled" as const), branch: fc.nat(4) }),
  fc.record({ what: fc.constant("unsent" as const), branch: fc.nat(4) }),
);

const targets = fc.array(fc.record({ q: fc.constantFrom(1000, 500), ways: fc.integer({ min: 1, max: 2 }) }), {
  minLength: 1,
  maxLength: 3,
});

function play(
  method: string,
  group: { q: number; ways: number }[],
  story: (typeof happening extends fc.Arbitrary<infer T> ? T : never)[],
) {
  const request = requestOf(method, { via });
  const stage = new ProxyStage(request);
  stage.goes(
    group.map(({ q, ways }, i) =>
      phone(i, { q, ways: Array.from({ length: ways }, (_, way) => wayTo(`203.0.113.${10 * way + i}`)) }),
    ),
    { ringTime: 60_000 },
  );
  let successes = 0;
  for (const step of story) {
    if (stage.over) break;
    if (step.what === "wait") stage.until(stage.now + step.ms);
    else if (step.what === "again") stage.event({ type: "request", flow: callerFlow });
    else if (step.what === "cancel" && method === "INVITE") {
      stage.event({ type: "cancel", message: requestOf("CANCEL", { via }), flow: callerFlow });
    } else if (step.what === "ack" && method === "INVITE") {
      stage.event({ type: "ack", message: requestOf("ACK", { via }) });
    } else if ("branch" in step && stage.context.branches[step.branch] !== undefined) {
      const { branch } = step;
      if (step.what === "unsent") stage.event({ type: "unsent", owner: "client", branch });
      else if (step.what === "cancelled" && stage.requests.some((r) => r.branch === branch && r.method === "CANCEL")) {
        stage.answers(branch, 200, { method: "CANCEL" });
      } else if (step.what === "answer") {
        // A callee that was answered by an ACK or has said 2xx says nothing else on that transaction.
        const { client } = stage.context.branches[branch] ?? {};
        if (step.status >= 200 && step.status < 300 && client?.state !== "Completed") successes++;
        stage.answers(branch, step.status);
      }
    }
  }
  return { stage, successes };
}

const finals = (stage: ProxyStage) => {
  const cancels = stage.upstream.filter(({ message }) => /\r\nCSeq: \d+ CANCEL\r\n/.test(message.head));
  return stage.upstream.filter((sent) => sent.status >= 200 && !sent.again && !cancels.includes(sent));
};

test("an INVITE: at most one final response other than 2xx, none after a 2xx, every 2xx forwarded, and it ends", () => {
  fc.assert(
    fc.property(targets, fc.array(happening, { maxLength: 30 }), (group, story) => {
      const { stage, successes } = play("INVITE", group, story);
      // Five groups and next hops at most, each bounded by ringing, then by 64·T1 three times over.
      stage.until(stage.now + 1_000_000);
      const statuses = finals(stage).map(({ status }) => status);
      const first2xx = statuses.findIndex((status) => status < 300);
      assert.ok(statuses.filter((status) => status >= 300).length <= 1, `${statuses}`);
      if (first2xx >= 0)
        assert.ok(
          statuses.slice(first2xx).every((status) => status < 300),
          `${statuses}`,
        );
      assert.equal(statuses.filter((status) => status < 300).length, successes, "every 2xx goes upstream");
      assert.ok(statuses.length > 0, "every INVITE is answered");
      assert.ok(stage.over, `still there: ${stage.timers}`);
    }),
    { numRuns: 400 },
  );
});

test("a non-INVITE: one final response at most, never a 408, and it ends", () => {
  fc.assert(
    fc.property(targets, fc.array(happening, { maxLength: 20 }), (group, story) => {
      const { stage } = play("MESSAGE", group, story);
      stage.until(stage.now + 1_000_000);
      const statuses = finals(stage).map(({ status }) => status);
      assert.ok(statuses.length <= 1, `${statuses}`);
      assert.ok(stage.over, `still there: ${stage.timers}`);
    }),
    { numRuns: 300 },
  );
});

test("nobody rings beyond the bound: every branch has its final response or its CANCEL by then", () => {
  fc.assert(
    fc.property(targets, fc.array(happening, { maxLength: 12 }), (group, story) => {
      const { stage } = play(
        "INVITE",
        group,
        story.filter(({ what }) => what !== "wait"),
      );
      const ringing = [...stage.context.branches.keys()];
      if (!stage.over) stage.until(60_000);
      for (const branch of ringing) {
        const { state, cancel } = stage.context.branches[branch] ?? {};
        assert.ok(state === "done" || cancel === "sent");
      }
    }),
    { numRuns: 300 },
  );
});

test("a context is data: what was copied to another member goes on as the one that stayed", () => {
  const stayed = new ProxyStage(requestOf("INVITE", { via })).goes([phone(1), phone(2)]).answers(0, 180);
  const { request, best, branches, server, ...plain } = stayed.context;
  assert.deepEqual(structuredClone(plain), plain);
  for (const { client, target, way } of branches)
    assert.deepEqual(structuredClone({ client, target, way }), { client, target, way });
});
