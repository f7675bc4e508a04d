import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { startTelemetry } from "./running-telemetry.ts";

async function server(handler: Parameters<typeof createServer>[1]) {
  const http = createServer(handler);
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, close: () => http.close() };
}

const quiet = { instance: "edge-1", version: "1", logLevel: "silent" } as const;

test("Prometheus reads counters, gauges and histograms with help, labels and buckets", async () => {
  const telemetry = startTelemetry({ ...quiet, traces: { ratio: 1, keepFailed: false } });
  const { metrics } = telemetry.forService("edge");
  metrics
    .counter({ name: "sipmesh_calls_total", help: "Calls.", labels: ["result"] })
    .with({ result: 'a"b\\' })
    .add(2);
  metrics.gauge({ name: "sipmesh_bindings", help: "Bindings." }, () => 7);
  metrics.gauge({ name: "sipmesh_broken", help: "Broken." }, () => {
    throw new Error("no reading");
  });
  metrics.histogram({ name: "sipmesh_answer_seconds", help: "Time.", buckets: [0.5, 1] }).observe(0.7);
  const admin = await server((request, response) => telemetry.serveMetrics(request, response));
  const text = await (await fetch(admin.url)).text();
  admin.close();
  await telemetry.stop();
  assert.match(text, /^# HELP sipmesh_calls_total Calls\.$/m);
  assert.match(text, /^# TYPE sipmesh_calls_total counter$/m);
  assert.match(text, /^sipmesh_calls_total\{result="a\\"b\\\\"\} 2$/m);
  assert.match(text, /^sipmesh_bindings 7$/m);
  assert.match(text, /^sipmesh_answer_seconds_bucket\{le="0\.5"\} 0$/m);
  assert.match(text, /^sipmesh_answer_seconds_bucket\{le="1"\} 1$/m);
  assert.match(text, /^sipmesh_answer_seconds_count 1$/m);
});

test("Spans leave by OTLP, signed with the service that made them; stopping sends what waits", async () => {
  const received: Buffer[] = [];
  const collector = await server(async (request, response) => {
    for await (const chunk of request) received.push(chunk as Buffer);
    response.setHeader("content-type", "application/x-protobuf");
    response.end();
  });
  const telemetry = startTelemetry({ ...quiet, traces: { endpoint: collector.url, ratio: 1, keepFailed: false } });
  const { tracer } = telemetry.forService("transaction");
  tracer.startRoot({ name: "INVITE", help: "" }, tracer.root("ab".repeat(16)), { "sip.call_id": "call-77" })?.end();
  await telemetry.stop();
  collector.close();
  const bytes = Buffer.concat(received).toString("latin1");
  for (const part of ["sipmesh-transaction", "INVITE", "sip.call_id", "call-77", "\xab".repeat(16)]) {
    assert.ok(bytes.includes(part), part);
  }
  assert.equal(telemetry.metrics.value("sipmesh_trace_spans_exported_total", { result: "ok" }), 1);
});

test("A collector that is away costs spans, counted, and nothing else", async () => {
  const gone = await server(() => {});
  gone.close();
  const telemetry = startTelemetry({ ...quiet, traces: { endpoint: gone.url, ratio: 1, keepFailed: false } });
  telemetry.tracer.start({ name: "INVITE", help: "" }, telemetry.tracer.root("ab".repeat(16)))?.end();
  await telemetry.stop();
  assert.equal(telemetry.metrics.value("sipmesh_trace_spans_exported_total", { result: "failed" }), 1);
});

test("Without an endpoint there are no spans", async () => {
  const telemetry = startTelemetry({ ...quiet, traces: { ratio: 1, keepFailed: true } });
  assert.equal(telemetry.forService("edge").tracer.root("ab".repeat(16)), undefined);
  await telemetry.stop();
});
