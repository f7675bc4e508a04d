import type { BusObserver, Closer } from "./bus.ts";

/** Functions that are called one after the other; one that throws is reported and hinders nobody. */
export class Listeners<Arguments extends unknown[]> {
  readonly #runs = new Set<{ run: (...values: Arguments) => void }>();
  readonly #observer: BusObserver | undefined;

  constructor(observer?: BusObserver) {
    this.#observer = observer;
  }

  get size(): number {
    return this.#runs.size;
  }

  add(run: (...values: Arguments) => void): Closer {
    const entry = { run };
    this.#runs.add(entry);
    return { close: () => void this.#runs.delete(entry) };
  }

  call(...values: Arguments): void {
    for (const { run } of this.#runs) {
      try {
        run(...values);
      } catch (error) {
        this.#observer?.failed("subscriber", error);
      }
    }
  }

  clear(): void {
    this.#runs.clear();
  }
}
