import type { Clock } from "@sipmesh/environment";

/** Milliseconds that a key is remembered: 64·T1, for as long as a request comes again or others may have a state of its call. */
const LIFE = 32_000;

/** Keys of transactions that have gone, and something of each that is known for a while after that. */
export class RecentKeys<Known> {
  readonly #clock: Clock;
  readonly #bound: number;
  /** Oldest first. */
  readonly #keys = new Map<string, { readonly known: Known; readonly until: number }>();

  /** @param bound keys at most; beyond it none is added */
  constructor(clock: Clock, bound: number) {
    this.#clock = clock;
    this.#bound = bound;
  }

  add(key: string, known: Known): void {
    const now = this.#clock.now();
    for (const [former, { until }] of this.#keys) {
      if (until > now) break;
      this.#keys.delete(former);
    }
    this.#keys.delete(key);
    if (this.#keys.size < this.#bound) this.#keys.set(key, { known, until: now + LIFE });
  }

  get(key: string): Known | undefined {
    const found = this.#keys.get(key);
    return found !== undefined && found.until > this.#clock.now() ? found.known : undefined;
  }
}
