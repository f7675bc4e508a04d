/**
 * What a module shows of itself to the people who run it: every name that appears in a dashboard, a trace or an alert.
 * The tests compare it with `docs/reference/`: what is here is documented, and nothing else is.
 */
export interface Catalogue {
  readonly metrics?: readonly MetricDefinition[];
  readonly spans?: readonly SpanDefinition[];
  readonly attributes?: readonly AttributeDefinition[];
  readonly events?: readonly EventDefinition[];
  readonly subjects?: readonly SubjectDefinition[];
  readonly errors?: readonly ErrorDefinition[];
}

/**
 * A metric as Prometheus shows it. Counters end in `_total`, histograms name their `buckets`, everything else is a gauge.
 * Base units: seconds, bytes.
 */
export interface MetricDefinition {
  /** `sipmesh_…` */
  readonly name: string;
  /** One sentence for an operator. */
  readonly help: string;
  readonly unit?: string;
  /** Label names. The number of their values is bounded: never a Call-ID, address or user. */
  readonly labels?: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending, without +Inf. */
  readonly buckets?: readonly number[];
}

/** A span's fixed name; what differs from call to call is an attribute. */
export interface SpanDefinition {
  readonly name: string;
  readonly help: string;
  readonly kind?: "internal" | "server" | "client" | "producer" | "consumer";
}

export interface AttributeDefinition {
  readonly name: string;
  readonly help: string;
}

export interface EventDefinition {
  readonly name: string;
  readonly help: string;
}

/** A bus subject; `<…>` stands for what is filled in. */
export interface SubjectDefinition {
  readonly name: string;
  readonly help: string;
}

/** A stable code that a log line, a metric label or an answer carries. */
export interface ErrorDefinition {
  readonly code: string;
  readonly help: string;
}

/** How a metric is read. */
export function metricKind(definition: MetricDefinition): "counter" | "histogram" | "gauge" {
  if (definition.buckets !== undefined) return "histogram";
  return definition.name.endsWith("_total") ? "counter" : "gauge";
}
