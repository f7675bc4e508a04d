import type { Change, StoreObserver, Watch } from "./store.ts";

/** Who watches a bucket. One that throws is reported and hinders nobody. */
export class Watchers {
  readonly #watchers = new Set<{ on: (change: Change) => void }>();
  readonly #observer: StoreObserver | undefined;

  constructor(observer: StoreObserver | undefined) {
    this.#observer = observer;
  }

  /** @param first what is there already: told before anything else */
  add(on: (change: Change) => void, first: Iterable<Change>): Watch {
    const watcher = { on };
    for (const change of first) this.#call(watcher.on, change);
    this.#watchers.add(watcher);
    return { close: () => void this.#watchers.delete(watcher) };
  }

  tell(change: Change): void {
    for (const { on } of this.#watchers) this.#call(on, change);
  }

  clear(): void {
    this.#watchers.clear();
  }

  #call(on: (change: Change) => void, change: Change): void {
    try {
      on(change);
    } catch (error) {
      this.#observer?.failed("watcher", error);
    }
  }
}
