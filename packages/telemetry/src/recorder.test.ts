import assert from "node:assert/strict";
import { test } from "node:test";
import { SpanStatusCode } from "@opentelemetry/api";
import { emptyResource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { Recorder } from "./recorder.ts";
import { RetainedSpans } from "./retained-spans.ts";

const invite = { name: "INVITE", help: "An INVITE.", kind: "server" as const };
const low = `00000001${"a".repeat(24)}`;
const high = `ffffffff${"b".repeat(24)}`;

function recorder(ratio: number, retained?: RetainedSpans) {
  const exported: ReadableSpan[] = [];
  const announced: string[] = [];
  let time = 1_700_000_000_000;
  const tracer = new Recorder(
    {
      ratio,
      retained,
      export: (span) => exported.push(span),
      announce: (traceId) => announced.push(traceId),
      now: () => (time += 0.5),
    },
    emptyResource(),
  );
  return { tracer, exported, announced };
}

test("The trace id alone decides, and the share of sampled traces is the ratio", () => {
  const { tracer } = recorder(0.5);
  assert.equal(tracer.decide(low), true);
  assert.equal(tracer.decide(high), false);
  assert.equal(recorder(1).tracer.decide(high), true);
  assert.equal(recorder(0).tracer.decide("0".repeat(32)), false);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (n) => {
      const id = n.toString(16).padStart(8, "0").padEnd(32, "0");
      assert.equal(tracer.decide(id), n < 2 ** 31);
    }),
  );
});

test("Nothing is made for a trace that is not kept", () => {
  const { tracer, exported } = recorder(0.5);
  assert.equal(tracer.root(high), undefined);
  assert.equal(tracer.start(invite, undefined), undefined);
  assert.equal(tracer.start(invite, { traceId: high, spanId: "1".repeat(16), sampled: false }), undefined);
  assert.deepEqual(exported, []);
});

test("Every span of a call is below the one root that its trace id names", () => {
  const { tracer, exported } = recorder(1);
  const context = tracer.root(low);
  const root = tracer.startRoot(invite, context, { "sip.call_id": "7", "sip.branch": undefined });
  const leg = tracer.start(invite, root?.context);
  leg?.event("sip.sent", { "sip.method": "INVITE" });
  leg?.end({ "sip.status_code": 200 });
  root?.fail("503 Service Unavailable");
  root?.end();
  const [first, second] = exported;
  assert.equal(second?.spanContext().spanId, low.slice(16));
  assert.equal(second?.parentSpanContext, undefined);
  assert.equal(first?.parentSpanContext?.spanId, low.slice(16));
  assert.notEqual(first?.spanContext().spanId, low.slice(16));
  assert.deepEqual(second?.attributes, { "sip.call_id": "7" });
  assert.deepEqual(first?.attributes, { "sip.status_code": 200 });
  assert.equal(first?.events[0]?.name, "sip.sent");
  assert.equal(second?.status.code, SpanStatusCode.ERROR);
  assert.deepEqual(first?.startTime, [1_700_000_000, 1_000_000]);
  assert.deepEqual(first?.duration, [0, 1_000_000]);
});

test("A call has one root, also where its request comes again with credentials", () => {
  const { tracer, exported } = recorder(1);
  tracer.startRoot(invite, tracer.root(low))?.end();
  tracer.startRoot(invite, tracer.root(low))?.end();
  assert.deepEqual(
    exported.map((span) => span.parentSpanContext?.spanId),
    [undefined, low.slice(16)],
  );
  assert.equal(new Set(exported.map((span) => span.spanContext().spanId)).size, 2);
});

test("A tracer that records nothing says so", () => {
  assert.equal(recorder(0).tracer.enabled, false);
  assert.equal(recorder(0, new RetainedSpans(10)).tracer.enabled, true);
  assert.equal(recorder(0.01).tracer.enabled, true);
});

test("After its end a span does not change and is exported once", () => {
  const { tracer, exported } = recorder(1);
  const span = tracer.start(invite, tracer.root(low));
  span?.end();
  span?.set({ late: 1 });
  span?.event("late");
  span?.fail("late");
  span?.end();
  assert.equal(exported.length, 1);
  assert.deepEqual(exported[0]?.attributes, {});
  assert.equal(exported[0]?.events.length, 0);
  assert.equal(exported[0]?.status.code, SpanStatusCode.UNSET);
});

test("The password of a URI is not shown; a Call-ID stays what it is, whatever it looks like", () => {
  const { tracer, exported } = recorder(1);
  const span = tracer.start(invite, tracer.root(low), {
    "sip.request_uri": "sip:bob:geheim@example.com",
    "sip.call_id": "a:b:c@d",
  });
  span?.event("sip.sent", { "sip.target": "sips:bob:geheim@10.0.0.1" });
  span?.end({ "sip.from": "sip:alice@example.com" });
  assert.deepEqual(exported[0]?.attributes, {
    "sip.request_uri": "sip:bob:[redacted]@example.com",
    "sip.call_id": "a:b:c@d",
    "sip.from": "sip:alice@example.com",
  });
  assert.deepEqual(exported[0]?.events[0]?.attributes, { "sip.target": "sips:bob:[redacted]@10.0.0.1" });
});

test("Events beyond the bound are counted, not kept", () => {
  const { tracer, exported } = recorder(1);
  const span = tracer.start(invite, tracer.root(low));
  for (let n = 0; n < 200; n += 1) span?.event("sip.retransmission");
  span?.end();
  assert.equal(exported[0]?.events.length, 128);
  assert.equal(exported[0]?.droppedEventsCount, 72);
});

test("A failed call that was not sampled is exported: what ended before, what ends after, and the others are told once", () => {
  const { tracer, exported, announced } = recorder(0, new RetainedSpans(100));
  const context = tracer.root(high);
  assert.equal(context?.sampled, false);
  tracer.start(invite, context)?.end();
  const open = tracer.start(invite, context);
  assert.equal(exported.length, 0);
  tracer.keep(high);
  tracer.keep(high);
  assert.equal(exported.length, 1);
  open?.end();
  assert.equal(exported.length, 2);
  assert.deepEqual(announced, [high]);
});

test("What is held back is bounded: the oldest traces make room", () => {
  const retained = new RetainedSpans(10);
  const { tracer, exported } = recorder(0, retained);
  const id = (n: number) => n.toString(16).padStart(32, "f");
  for (let n = 0; n < 50; n += 1) tracer.start(invite, tracer.root(id(n)))?.end();
  assert.equal(retained.size, 10);
  tracer.keep(id(0));
  assert.equal(exported.length, 0);
  tracer.keep(id(49));
  assert.equal(exported.length, 1);
});
