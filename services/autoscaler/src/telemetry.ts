import type { Catalogue, MetricDefinition } from "@sipmesh/telemetry";

export const requests: MetricDefinition = {
  name: "sipmesh_autoscaler_requests_total",
  help: "Requests of the API server to external.metrics.k8s.io, by HTTP status; 503: a load is not known.",
  labels: ["status"],
};
export const heard: MetricDefinition = {
  name: "sipmesh_autoscaler_instances",
  help: "Instances whose load is heard.",
};
export const unknown: MetricDefinition = {
  name: "sipmesh_autoscaler_targets_unknown",
  help: "Targets whose load is not known, because somebody who runs them is silent.",
};
export const certificateSeconds: MetricDefinition = {
  name: "sipmesh_autoscaler_certificate_seconds",
  help: "Time until the certificate that the API server is shown is no longer good. It is renewed after two thirds of its life.",
  unit: "s",
};
export const ranked: MetricDefinition = {
  name: "sipmesh_autoscaler_ranked_total",
  help: "Times that the pod-deletion-cost of a pod was written.",
};
export const failures: MetricDefinition = {
  name: "sipmesh_autoscaler_failures_total",
  help: "What did not work, by what: report (a load report that could not be read), keep (certificate or APIService), access (who may ask), rank, serve.",
  labels: ["what"],
};

export type Failure = "report" | "keep" | "access" | "rank" | "serve";

export const catalogue: Catalogue = {
  metrics: [requests, heard, unknown, certificateSeconds, ranked, failures],
};
