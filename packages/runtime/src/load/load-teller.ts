import type { Bus } from "@sipmesh/bus";
import type { Clock, Timer } from "@sipmesh/environment";
import { Lateness } from "./lateness.ts";
import { encodeReport, LOAD_SUBJECT, type Load, type LoadReport } from "./load.ts";

/** Milliseconds between two reports. */
const EVERY = 1000;

export interface LoadTellerOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  /** Who reports. */
  readonly self: Pick<LoadReport, "instance" | "pod" | "node">;
  /** The load of each target that tells of it, by the target's name. */
  readonly loads: () => Readonly<Record<string, Load>>;
  readonly failed: (error: unknown) => void;
}

/** Tells the load of this process to whoever listens. Not with presence: every heartbeat would be a change to all. */
export class LoadTeller {
  readonly #o: LoadTellerOptions;
  readonly #lateness: Lateness;
  #timer: Timer | undefined;

  constructor(options: LoadTellerOptions) {
    this.#o = options;
    this.#lateness = new Lateness(options.clock);
    this.#next();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#lateness.stop();
  }

  #next(): void {
    this.#timer = this.#o.clock.after(EVERY, () => {
      this.#next();
      this.#tell();
    });
  }

  #tell(): void {
    const { bus, clock, self, loads, failed } = this.#o;
    try {
      const report = { ...self, at: clock.now(), delay: this.#lateness.take(), targets: loads() };
      bus.signal(LOAD_SUBJECT, encodeReport(report));
    } catch (error) {
      failed(error);
    }
  }
}
