import type { MetricDefinition } from "./catalogue.ts";
import type { Counter, Gauge, Histogram, Labels, Metrics, Reading } from "./metrics.ts";

/** Label sets per metric; beyond it counts go to one set whose values are all `other`, so a stranger cannot grow memory. */
export const LABEL_SETS = 1000;

/** One metric with everything counted under it. */
export class Family<Cell> {
  readonly definition: MetricDefinition;
  readonly cells = new Map<string, { readonly labels: Labels; readonly cell: Cell }>();
  readonly root: Cell;
  #make: (family: Family<Cell>) => Cell;
  read: (() => Reading) | undefined;

  constructor(definition: MetricDefinition, make: (family: Family<Cell>) => Cell) {
    this.definition = definition;
    this.#make = make;
    this.root = make(this);
  }

  /** Every label set, and what was counted without labels. */
  *entries(): Iterable<{ readonly labels: Labels; readonly cell: Cell }> {
    yield { labels: {}, cell: this.root };
    yield* this.cells.values();
  }

  with(labels: Labels): Cell {
    const names = this.definition.labels ?? [];
    let key = "";
    for (const name of names) key += `${labels[name] ?? ""}\u0000`;
    const known = this.cells.get(key);
    if (known !== undefined) return known.cell;
    if (this.cells.size >= LABEL_SETS) {
      const other = Object.fromEntries(names.map((name) => [name, "other"]));
      const otherKey = "other\u0000".repeat(names.length);
      if (key !== otherKey && !this.cells.has(otherKey)) return this.#add(otherKey, other);
      return (this.cells.get(otherKey) ?? { cell: this.root }).cell;
    }
    return this.#add(key, Object.fromEntries(names.map((name) => [name, labels[name] ?? ""])));
  }

  #add(key: string, labels: Labels): Cell {
    const cell = this.#make(this);
    this.cells.set(key, { labels, cell });
    return cell;
  }
}

export class CounterCell implements Counter {
  value = 0;
  readonly #family: Family<CounterCell>;
  constructor(family: Family<CounterCell>) {
    this.#family = family;
  }
  add(n = 1): void {
    this.value += n;
  }
  with(labels: Labels): Counter {
    return this.#family.with(labels);
  }
}

export class GaugeCell implements Gauge {
  value = 0;
  readonly #family: Family<GaugeCell>;
  constructor(family: Family<GaugeCell>) {
    this.#family = family;
  }
  set(value: number): void {
    this.value = value;
  }
  add(n: number): void {
    this.value += n;
  }
  with(labels: Labels): Gauge {
    return this.#family.with(labels);
  }
}

export class HistogramCell implements Histogram {
  count = 0;
  sum = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  readonly bounds: readonly number[];
  /** One more than `bounds`: the last counts what lies above them. */
  readonly counts: number[];
  readonly #family: Family<HistogramCell>;
  constructor(family: Family<HistogramCell>) {
    this.#family = family;
    this.bounds = family.definition.buckets ?? [];
    this.counts = new Array(this.bounds.length + 1).fill(0);
  }
  observe(value: number): void {
    const { bounds, counts } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] as number)) at += 1;
    counts[at] = (counts[at] as number) + 1;
    this.count += 1;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
  }
  with(labels: Labels): Histogram {
    return this.#family.with(labels);
  }
}

/** All metrics of a process, as plain numbers. What they look like outside is made when they are asked for. */
export class Registry implements Metrics {
  readonly counters = new Map<string, Family<CounterCell>>();
  readonly gauges = new Map<string, Family<GaugeCell>>();
  readonly histograms = new Map<string, Family<HistogramCell>>();

  counter(definition: MetricDefinition): Counter {
    return family(this.counters, definition, (of) => new CounterCell(of)).root;
  }

  gauge(definition: MetricDefinition, read?: () => Reading): Gauge {
    const found = family(this.gauges, definition, (of) => new GaugeCell(of));
    if (read !== undefined) found.read = read;
    return found.root;
  }

  histogram(definition: MetricDefinition): Histogram {
    return family(this.histograms, definition, (of) => new HistogramCell(of)).root;
  }

  value(name: string, labels: Labels = {}): number {
    let total = 0;
    const wanted = Object.entries(labels);
    const matches = (have: Labels) => wanted.every(([key, value]) => have[key] === value);
    const gauge = this.gauges.get(name);
    if (gauge?.read !== undefined) {
      const reading = gauge.read();
      if (typeof reading === "number") return reading;
      for (const one of reading) if (matches(one.labels)) total += one.value;
      return total;
    }
    for (const { labels: have, cell } of this.counters.get(name)?.entries() ?? []) {
      if (matches(have)) total += cell.value;
    }
    for (const { labels: have, cell } of gauge?.entries() ?? []) if (matches(have)) total += cell.value;
    for (const { labels: have, cell } of this.histograms.get(name)?.entries() ?? []) {
      if (matches(have)) total += cell.count;
    }
    return total;
  }
}

function family<Cell>(
  families: Map<string, Family<Cell>>,
  definition: MetricDefinition,
  make: (family: Family<Cell>) => Cell,
): Family<Cell> {
  const known = families.get(definition.name);
  if (known !== undefined) return known;
  const made = new Family(definition, make);
  families.set(definition.name, made);
  return made;
}
