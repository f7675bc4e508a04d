import type { Clock, Timer } from "@sipmesh/environment";
import type { Counter } from "@sipmesh/telemetry";
import type { Records } from "./records.ts";

export interface SweeperOptions {
  readonly records: Records;
  readonly clock: Clock;
  readonly swept: Counter;
  /** Whether it is on this member to remove what has expired. */
  readonly mine: () => boolean;
  failed(error: unknown): void;
}

/** Milliseconds between two steps. */
const STEP = 1000;
/** Steps in which every record was looked at once, if that takes no less than `MIN_LOOKED_AT` a step. */
const ROUND = 30;
const MIN_LOOKED_AT = 2000;
/** Records that one step removes at most. */
const MAX_REMOVED = 500;
/** Milliseconds that a record is kept after its expiry: nobody else's clock is that far ahead. */
const GRACE = 5000;

/**
 * Removes records whose every binding has expired. Correctness never waits for it: whoever reads goes by the time. No
 * timer for each binding: a step a second looks at a part of all records.
 */
export class Sweeper {
  readonly #options: SweeperOptions;
  #timer: Timer;
  #stopped = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
    this.#timer = this.#again();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer.cancel();
  }

  #again(): Timer {
    return this.#options.clock.after(STEP, () => {
      this.#step()
        .catch((error) => this.#options.failed(error))
        .finally(() => {
          if (!this.#stopped) this.#timer = this.#again();
        });
    });
  }

  async #step(): Promise<void> {
    const { records, clock, swept, mine } = this.#options;
    if (!mine()) return;
    const count = Math.max(MIN_LOOKED_AT, Math.ceil(records.index.size / ROUND));
    const expired = records.index.expired(clock.now() - GRACE, count).slice(0, MAX_REMOVED);
    const removed = await Promise.all(expired.map(({ key, revision }) => records.sweep(key, revision)));
    swept.add(removed.filter((gone) => gone).length);
  }
}
