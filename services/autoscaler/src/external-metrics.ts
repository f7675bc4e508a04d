import type { Selector } from "./selector.ts";
import type { Volume } from "./volume.ts";

export const GROUP = "external.metrics.k8s.io";
export const VERSION = "v1beta1";
export const GROUP_VERSION = `${GROUP}/${VERSION}`;

type Known = Extract<Volume, { known: true }>;

/** What the HPA may ask for. Each value has the label `target`; undefined: that target has no such value. */
export const METRICS: ReadonlyMap<string, (volume: Known) => number | undefined> = new Map([
  ["sipmesh_calls_per_second", ({ work, perSecond }: Known) => (work === "calls" ? perSecond : undefined)],
  ["sipmesh_calls_in_progress", ({ work, inProgress }: Known) => (work === "calls" ? inProgress : undefined)],
  ["sipmesh_messages_per_second", ({ work, perSecond }: Known) => (work === "messages" ? perSecond : undefined)],
  ["sipmesh_requests_per_second", ({ work, perSecond }: Known) => (work === "requests" ? perSecond : undefined)],
  ["sipmesh_queue_delay_seconds", ({ delay }: Known) => delay],
]);

/** As `ExternalMetricValueList` of external.metrics.k8s.io/v1beta1 has it. */
export interface MetricValue {
  readonly metricName: string;
  readonly metricLabels: Readonly<Record<string, string>>;
  /** RFC 3339, to the second. */
  readonly timestamp: string;
  /** Seconds over which it was taken. */
  readonly window: number;
  /** A Quantity. */
  readonly value: string;
}

export type Found =
  | { readonly found: "values"; readonly values: readonly MetricValue[] }
  /** There is no such metric, or nobody to whom it applies. */
  | { readonly found: "nothing"; readonly reason: string }
  /** Somebody whom it applies to is silent: no answer is right then, 0 least of all. */
  | { readonly found: "unknown"; readonly reason: string };

export interface Source {
  readonly targets: readonly string[];
  of(target: string): Volume;
}

/** @param window seconds over which rates are taken */
export function findMetric(name: string, selects: Selector, source: Source, window: number): Found {
  const read = METRICS.get(name);
  if (read === undefined) return { found: "nothing", reason: `there is no metric ${name}` };
  const values: MetricValue[] = [];
  for (const target of source.targets) {
    const labels = { target };
    if (!selects(labels)) continue;
    const volume = source.of(target);
    if (!volume.known) return { found: "unknown", reason: `the load of ${target} is not known: ${volume.reason}` };
    const value = read(volume);
    if (value === undefined) continue;
    const timestamp = `${new Date(volume.heard).toISOString().slice(0, 19)}Z`;
    values.push({ metricName: name, metricLabels: labels, timestamp, window, value: quantity(value) });
  }
  if (values.length > 0) return { found: "values", values };
  return { found: "nothing", reason: `no target that is selected has a value of ${name}` };
}

/** A Quantity, to the millionth. */
function quantity(value: number): string {
  return `${Math.round(value * 1e6)}u`;
}
