import {
  attribute,
  type Catalogue,
  type MetricDefinition,
  type SpanDefinition,
  sipAttributes,
} from "@sipmesh/telemetry";

export const decisions: MetricDefinition = {
  name: "sipmesh_routing_decisions_total",
  help: "Requests outside a dialog, by what was decided: proxy, redirect, reject, challenge, register or answer.",
  labels: ["decision"],
};

export const rejections: MetricDefinition = {
  name: "sipmesh_routing_rejections_total",
  help: "Requests that routing refused, by status code.",
  labels: ["status"],
};

export const routeSeconds: MetricDefinition = {
  name: "sipmesh_routing_decision_seconds",
  help: "Time to a decision, questions to directory, location and name servers included.",
  unit: "seconds",
  buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2],
};

export const failures: MetricDefinition = {
  name: "sipmesh_routing_failures_total",
  help: "Requests that could not be decided, by the service that was away: directory, location, or routing for a fault of its own.",
  labels: ["service"],
};

export const unlocated: MetricDefinition = {
  name: "sipmesh_routing_unlocated_total",
  help: "Next hops that could not be located (RFC 3263), by the status that says why.",
  labels: ["status"],
};

export const cachedSubscribers: MetricDefinition = {
  name: "sipmesh_routing_cached_subscribers",
  help: "Answers of the directory that are kept in memory.",
};

export const cachedNames: MetricDefinition = {
  name: "sipmesh_routing_cached_names",
  help: "Answers of name servers that are kept in memory.",
};

export const routeSpan: SpanDefinition = {
  name: "routing.route",
  help: "What becomes of a request outside a dialog.",
  kind: "server",
};

export const locateSpan: SpanDefinition = {
  name: "routing.locate",
  help: "From a URI to the addresses to try (RFC 3263).",
  kind: "server",
};

const used: ReadonlySet<string> = new Set([
  attribute.method,
  attribute.requestUri,
  attribute.action,
  attribute.statusCode,
  attribute.reasonPhrase,
  attribute.target,
]);

export const catalogue: Catalogue = {
  metrics: [decisions, rejections, routeSeconds, failures, unlocated, cachedSubscribers, cachedNames],
  spans: [routeSpan, locateSpan],
  attributes: sipAttributes.filter(({ name }) => used.has(name)),
};
