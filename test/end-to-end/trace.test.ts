import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  attributeOf,
  type Baresip,
  Capture,
  Jaeger,
  type JaegerSpan,
  type JaegerTrace,
  missing,
  type Platform,
  processOf,
  type Shape,
  startPlatform,
  writeTone,
} from "@sipmesh/drivers";
import { baresip, newFolder } from "./clients.ts";

for (const shape of ["all", "split"] as const satisfies readonly Shape[]) {
  const programs = ["jaeger", "baresip", "tshark", ...(shape === "split" ? ["nats-server"] : [])];
  describe(`one call, one trace (${shape})`, { skip: missing(...programs) }, () => {
    let jaeger: Jaeger;
    let platform: Platform;
    let alice: Baresip;
    let bob: Baresip;
    let capture: Capture;
    let callId = "";
    let trace: JaegerTrace;

    before(async () => {
      jaeger = await Jaeger.start();
      platform = await startPlatform({
        shape,
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.endpoint },
        config: { log: { level: "debug" } },
      });
      alice = await baresip(platform, "a", "alice");
      const wave = join(newFolder(), "tone.wav");
      writeTone(wave, 1_000, 30);
      bob = await baresip(platform, "b", "bob", { answers: "auto", wave });
      await Promise.all([alice.registered(), bob.registered()]);
      capture = await Capture.start({ folder: newFolder(), name: "trace", sipPorts: [platform.sipPort] });
      await alice.control("dial", `sip:bob@${platform.address}`);
      await alice.program.waitFor(/Call established/, 10_000);
      await pause(500);
      await alice.control("hangup");
      await capture.stop();
      callId =
        (await capture.read(`sip.Method == "INVITE" && udp.dstport == ${platform.sipPort}`, ["sip.Call-ID"]))[0]?.[0] ??
        "";
    });
    after(async () => {
      await Promise.all([alice?.stop(), bob?.stop()]);
      await platform?.stop();
      await jaeger?.stop();
    });

    it("is found in Jaeger by its Call-ID, as a single trace from INVITE to BYE", async () => {
      assert.notEqual(callId, "");
      let found: readonly JaegerTrace[] = [];
      await platform.until(async () => {
        found = await jaeger.find("sipmesh-transaction", { "sip.call_id": callId });
        return found.length > 0 && methodsIn(found[0]).has("BYE");
      }, 20_000);
      assert.equal(found.length, 1, "one trace");
      trace = found[0] as JaegerTrace;
      assert.deepEqual([...methodsIn(trace)].filter((method) => ["INVITE", "ACK", "BYE"].includes(method)).sort(), [
        "ACK",
        "BYE",
        "INVITE",
      ]);
    });

    it("is found by what an operator knows of it: who called, whom, what came of it, where", async () => {
      const { address } = platform;
      const known: readonly Readonly<Record<string, string>>[] = [
        { "sip.from": `sip:alice@${address}` },
        { "sip.to": `sip:bob@${address}` },
        { "sip.to": `sip:bob@${address}`, "sip.status_code": "200", "sip.method": "BYE" },
        {
          "sip.call_id": callId,
          "service.instance.id": attributeOf(processOf(trace, "sipmesh-transaction"), "service.instance.id") ?? "",
        },
      ];
      for (const tags of known) {
        const found = await jaeger.find("sipmesh-transaction", tags);
        assert.ok(
          found.some(({ traceID }) => traceID === trace.traceID),
          JSON.stringify(tags),
        );
      }
      assert.deepEqual(
        await jaeger.find("sipmesh-transaction", { "sip.call_id": callId, "sip.status_code": "486" }),
        [],
      );
    });

    it("shows every service that took part, and both legs", () => {
      const services = new Set(Object.values(trace.processes).map((process) => process.serviceName));
      for (const service of ["edge", "transaction", "routing", "location", "directory", "media"]) {
        assert.ok(services.has(`sipmesh-${service}`), `${service} is in ${[...services].join(", ")}`);
      }
      assert.ok(named("transaction.server").length >= 2, "a server transaction for INVITE and for BYE");
      assert.ok(named("transaction.client").length >= 2, "a client transaction for INVITE and for BYE");
    });

    it("hangs every span below another, up to one root", () => {
      const known = new Set(trace.spans.map((span) => span.spanID));
      const roots = trace.spans.filter((span) => span.references.length === 0);
      const orphans = trace.spans.filter((span) => span.references.some((reference) => !known.has(reference.spanID)));
      assert.equal(roots.length, 1, roots.map((span) => span.operationName).join(", "));
      assert.deepEqual(
        orphans.map((span) => span.operationName),
        [],
      );
    });

    it("has the messages as events and the final response as the status", () => {
      const invite = named("transaction.server").find(
        // The first was challenged: 407.
        (span) => tag(span, "sip.method") === "INVITE" && Number(tag(span, "sip.status_code")) === 200,
      );
      assert.ok(invite !== undefined);
      assert.equal(Number(tag(invite, "sip.status_code")), 200);
      const events = invite.logs.flatMap((log) =>
        log.fields.filter((field) => field.key === "event").map((field) => field.value),
      );
      assert.ok(events.includes("sip.received") && events.includes("sip.sent"), events.join(", "));
    });

    it("is named in the log lines of the call, which are JSON", () => {
      const lines = platform.logs().map((line) => JSON.parse(line) as { callId?: string; trace_id?: string });
      const ofTheCall = lines.filter((line) => line.callId === callId);
      assert.ok(ofTheCall.length >= 2, "the answers to INVITE and BYE are logged");
      assert.deepEqual([...new Set(ofTheCall.map((line) => line.trace_id))], [trace.traceID]);
    });

    const named = (name: string) => trace.spans.filter((span) => span.operationName === name);
  });
}

const tag = (span: JaegerSpan, key: string) => span.tags.find((one) => one.key === key)?.value;

function methodsIn(trace: JaegerTrace | undefined): Set<string> {
  return new Set((trace?.spans ?? []).map((span) => String(tag(span, "sip.method") ?? "")));
}
