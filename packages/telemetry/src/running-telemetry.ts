import type { IncomingMessage, ServerResponse } from "node:http";
import { DiagLogLevel, diag } from "@opentelemetry/api";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { detectResources, envDetector, type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace";
import type { Catalogue, MetricDefinition } from "./catalogue.ts";
import type { LogLevel } from "./log.ts";
import { metricProducer } from "./metric-producer.ts";
import { jsonLog } from "./pino-log.ts";
import { Recorder } from "./recorder.ts";
import { Registry } from "./registry.ts";
import { RetainedSpans } from "./retained-spans.ts";
import { sipAttributes, sipEvents } from "./sip-attributes.ts";
import type { Telemetry } from "./telemetry.ts";
import { silentTracer, type Tracer } from "./tracer.ts";

/** Ended spans that wait for the exporter; beyond it they are dropped. */
const QUEUE = 16_384;
/** Spans held back for the case that their call fails. */
const RETAINED = 20_000;

export interface TelemetrySettings {
  readonly instance: string;
  readonly version: string;
  readonly logLevel: LogLevel;
  readonly traces: {
    /** Base URL of an OTLP/HTTP receiver ("http://127.0.0.1:4318"); absent: no traces. */
    readonly endpoint?: string;
    /** Share of calls that are traced, 0 to 1. */
    readonly ratio: number;
    /** Whether the traces of failed calls are kept whatever the ratio says. */
    readonly keepFailed: boolean;
  };
}

/** The telemetry of a process, with the ways out. */
export interface RunningTelemetry extends Telemetry {
  /** Answers a scrape with all metrics in Prometheus' text format. */
  serveMetrics(request: IncomingMessage, response: ServerResponse): void;
  /** Another process asks for a trace: exports what this one has of it. */
  keepHere(traceId: string): void;
  /** How the other processes are asked for a trace of a failed call. */
  announceWith(announce: (traceId: string) => void): void;
  /** Sends what waits. Takes bounded time, whatever the receivers do. */
  stop(): Promise<void>;
}

const spansRecorded: MetricDefinition = {
  name: "sipmesh_trace_spans_recorded_total",
  help: "Spans handed to the exporter.",
};
const spansExported: MetricDefinition = {
  name: "sipmesh_trace_spans_exported_total",
  help: "Spans that an export took, by its result: ok or failed. What is in neither was dropped in the queue.",
  labels: ["result"],
};
const spansRetained: MetricDefinition = {
  name: "sipmesh_trace_spans_retained",
  help: "Spans held back for the case that their call fails.",
};

/** What this package itself shows, and the names that all services share. */
export const telemetryCatalogue: Catalogue = {
  metrics: [spansRecorded, spansExported, spansRetained],
  attributes: sipAttributes,
  events: sipEvents,
  subjects: [
    {
      name: "sipmesh.trace.keep",
      help: "Signal: the trace id of a call that failed; every process exports what it recorded of it.",
    },
  ],
};

/**
 * Starts logs, metrics and, where an endpoint is given, the export of traces. For the launcher alone; what is not sent when
 * it is stopped is tried once more.
 */
export function startTelemetry(settings: TelemetrySettings): RunningTelemetry {
  const { log, flush } = jsonLog({ level: settings.logLevel, fields: { instance: settings.instance } });
  diag.setLogger(
    {
      error: (message) => log.error({}, `telemetry: ${message}`),
      warn: (message) => log.warn({}, `telemetry: ${message}`),
      info() {},
      debug() {},
      verbose() {},
    },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const registry = new Registry();
  const now = () => performance.timeOrigin + performance.now();
  const prometheus = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    metricProducers: [metricProducer(registry, now)],
  });
  // What the surroundings know of the process: pod, node, deployment (OTEL_RESOURCE_ATTRIBUTES).
  const surroundings = detectResources({ detectors: [envDetector] });
  const identity = {
    "service.namespace": "sipmesh",
    "service.instance.id": settings.instance,
    "service.version": settings.version,
  };
  const resourceOf = (service: string): Resource =>
    surroundings.merge(resourceFromAttributes({ "service.name": service, ...identity }));
  const meterProvider = new MeterProvider({
    resource: resourceOf("sipmesh"),
    readers: [prometheus],
  });

  let announce: (traceId: string) => void = () => {};
  const { endpoint, ratio, keepFailed } = settings.traces;
  const processor = endpoint === undefined ? undefined : spanProcessor(endpoint, registry);
  const retained = keepFailed ? new RetainedSpans(RETAINED) : undefined;
  if (retained !== undefined) registry.gauge(spansRetained, () => retained.size);
  const recorded = registry.counter(spansRecorded);
  const tracerFor = (resource: Resource): Tracer => {
    if (processor === undefined) return silentTracer;
    return new Recorder(
      {
        ratio,
        retained,
        now,
        announce: (traceId) => announce(traceId),
        export(span) {
          recorded.add();
          processor.onEnd(span);
        },
      },
      resource,
    );
  };
  const signed = (name: string): Telemetry => ({
    log: log.child({ service: name }),
    metrics: registry,
    tracer: tracerFor(resourceOf(`sipmesh-${name}`)),
    forService: signed,
  });

  return {
    log,
    metrics: registry,
    tracer: tracerFor(resourceOf("sipmesh")),
    forService: signed,
    serveMetrics: (request, response) => prometheus.getMetricsRequestHandler(request, response),
    keepHere(traceId) {
      retained?.keep(traceId, (span) => {
        recorded.add();
        processor?.onEnd(span);
      });
    },
    announceWith(how) {
      announce = how;
    },
    async stop() {
      try {
        await processor?.shutdown();
        await meterProvider.shutdown();
      } catch (error) {
        log.warn({ err: error }, "the last spans could not be exported");
      }
      flush();
    },
  };
}

function spanProcessor(endpoint: string, registry: Registry): BatchSpanProcessor {
  const exported = registry.counter(spansExported);
  const results = { ok: exported.with({ result: "ok" }), failed: exported.with({ result: "failed" }) };
  const otlp = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, "")}/v1/traces`, timeoutMillis: 5000 });
  const counting: SpanExporter = {
    export(spans, done) {
      otlp.export(spans, (result) => {
        (result.error === undefined && result.code === 0 ? results.ok : results.failed).add(spans.length);
        done(result);
      });
    },
    forceFlush: () => otlp.forceFlush(),
    shutdown: () => otlp.shutdown(),
  };
  return new BatchSpanProcessor({
    exporter: counting,
    maxQueueSize: QUEUE,
    maxExportBatchSize: 512,
    scheduledDelayMillis: 1000,
    exportTimeoutMillis: 6000,
  });
}
