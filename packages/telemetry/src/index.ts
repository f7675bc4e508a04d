export type {
  AttributeDefinition,
  Catalogue,
  ErrorDefinition,
  EventDefinition,
  MetricDefinition,
  SpanDefinition,
  SubjectDefinition,
} from "./catalogue.ts";
export { metricKind } from "./catalogue.ts";
export type { Log, LogLevel } from "./log.ts";
export type { Counter, Gauge, Histogram, Labels, Metrics, Reading } from "./metrics.ts";
export { Registry } from "./registry.ts";
export {
  type RunningTelemetry,
  startTelemetry,
  type TelemetrySettings,
  telemetryCatalogue,
} from "./running-telemetry.ts";
export { attribute, event, sipAttributes } from "./sip-attributes.ts";
export type { Telemetry } from "./telemetry.ts";
export { silentTelemetry } from "./telemetry.ts";
export type { Attributes, AttributeValue, Span, TraceContext, Tracer } from "./tracer.ts";
export { silentTracer } from "./tracer.ts";
