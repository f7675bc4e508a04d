import type { Bus, Closer } from "@sipmesh/bus";
import type { Clock } from "@sipmesh/environment";
import { decodeReport, LOAD_SUBJECT, type LoadReport } from "./load.ts";

/** Silence after which an instance is forgotten, in milliseconds. */
const FORGOTTEN_AFTER = 60_000;
/** Instances kept at most; of others nothing is known until one is forgotten. */
const MOST_INSTANCES = 4096;
/** Reports are told each second. What comes faster takes the place of the one before. Milliseconds. */
const CLOSEST = 500;

/** A report, and when it was heard: milliseconds of our own clock. */
export interface HeardReport {
  readonly heard: number;
  readonly report: LoadReport;
}

export interface LoadTableOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  /** Milliseconds of reports that are kept of each instance. */
  readonly window: number;
  /** A report that could not be read, or one too many. */
  readonly failed: (error: unknown) => void;
}

/** What all processes told of their load of late. Bounded in instances, and in what is kept of each. */
export class LoadTable {
  readonly #o: LoadTableOptions;
  readonly #heard = new Map<string, HeardReport[]>();
  readonly #listening: Closer;

  constructor(options: LoadTableOptions) {
    this.#o = options;
    this.#listening = options.bus.listen(LOAD_SUBJECT, (payload) => this.#receive(payload));
  }

  /** The reports of an instance, the oldest first; none where nothing was heard of it, or not for long. */
  of(instance: string): readonly HeardReport[] {
    return this.#heard.get(instance) ?? [];
  }

  /** The last report of each instance. */
  latest(): LoadReport[] {
    this.#forget();
    return [...this.#heard.values()].flatMap((reports) => reports.at(-1)?.report ?? []);
  }

  get size(): number {
    return this.#heard.size;
  }

  close(): void {
    this.#listening.close();
  }

  #receive(payload: Uint8Array): void {
    try {
      this.#take(decodeReport(payload));
    } catch (error) {
      this.#o.failed(error);
    }
  }

  #take(report: LoadReport): void {
    const heard = this.#o.clock.now();
    const known = this.#heard.get(report.instance);
    if (known === undefined) {
      this.#forget();
      if (this.#heard.size >= MOST_INSTANCES) throw new Error(`more than ${MOST_INSTANCES} instances tell their load`);
      this.#heard.set(report.instance, [{ heard, report }]);
      return;
    }
    const last = known.at(-1);
    // Overtaken on the way: what it says is known.
    if (last !== undefined && report.at <= last.report.at) return;
    const before = known.at(-2);
    if (before !== undefined && heard - before.heard < CLOSEST) known.pop();
    known.push({ heard, report });
    // One from before the window stays, so that there is a difference over all of it.
    while (known.length > 2 && (known[1]?.heard ?? heard) <= heard - this.#o.window) known.shift();
  }

  #forget(): void {
    const since = this.#o.clock.now() - FORGOTTEN_AFTER;
    for (const [instance, reports] of this.#heard)
      if ((reports.at(-1)?.heard ?? 0) <= since) this.#heard.delete(instance);
  }
}
