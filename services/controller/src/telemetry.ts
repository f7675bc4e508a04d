import type { Catalogue, MetricDefinition } from "@sipmesh/telemetry";

export const followed: MetricDefinition = {
  name: "sipmesh_controller_objects",
  help: "Objects of Kubernetes that are known, by kind: node, service.",
  labels: ["kind"],
};
export const written: MetricDefinition = {
  name: "sipmesh_controller_written_total",
  help: "Places that were published anew, changed or removed.",
};
export const failures: MetricDefinition = {
  name: "sipmesh_controller_failures_total",
  help: "What did not work and is tried again, by what: nodes, services (the API server), publish (the store).",
  labels: ["what"],
};

export type Failure = "nodes" | "services" | "publish";

export const catalogue: Catalogue = { metrics: [followed, written, failures] };
