import type { MetricDefinition } from "./catalogue.ts";

export type Labels = Readonly<Record<string, string>>;

/** Counts up. Keep what `with` returns: then a count is one addition. */
export interface Counter {
  /** Adds `n` (1 where it is left out; never negative). */
  add(n?: number): void;
  /** The counter of these label values; the same object for the same values. */
  with(labels: Labels): Counter;
  readonly value: number;
}

/** A number that goes up and down: what is there now. */
export interface Gauge {
  set(value: number): void;
  add(n: number): void;
  with(labels: Labels): Gauge;
  readonly value: number;
}

/** Counts values by size, in the buckets of its definition. */
export interface Histogram {
  /** Takes one value in the unit of the definition (seconds for durations). */
  observe(value: number): void;
  with(labels: Labels): Histogram;
  readonly count: number;
  readonly sum: number;
}

/** What a gauge's reader gives: one number, or one per label set. */
export type Reading = number | Iterable<{ readonly labels: Labels; readonly value: number }>;

/** The same definition gives the same instrument, however often it is asked for. */
export interface Metrics {
  counter(definition: MetricDefinition): Counter;
  /** With `read`, the value is asked for when metrics are collected. */
  gauge(definition: MetricDefinition, read?: () => Reading): Gauge;
  histogram(definition: MetricDefinition): Histogram;
  /** What stands there now: the sum over all label sets that contain `labels`; 0 where nothing was counted. */
  value(name: string, labels?: Labels): number;
}
