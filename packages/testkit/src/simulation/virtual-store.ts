import type { Clock } from "@sipmesh/environment";
import type { Bucket, Store } from "@sipmesh/store";
import { StoreAway } from "@sipmesh/store";
import type { SeededRandom } from "./seeded-random.ts";

/** How long a call may take before it fails, in milliseconds. */
const DEADLINE = 2000;
const SWIFT = [0.1, 3] as const;

/** A store at a distance: every call takes virtual time, and while it is `away` none succeeds. */
export class VirtualStore implements Store {
  readonly #inner: Store;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #take: (run: () => void) => void;
  /** Milliseconds that a question takes to get there, and its answer to come back. */
  delay: readonly [number, number] = SWIFT;
  #away = false;
  /** Changes that were not heard of while the store was away. */
  #unheard: (() => void)[] = [];

  /**
   * @param inner what holds the values; several processes may share it
   * @param take has the process attend to a change: at once, or when it wakes
   */
  constructor(inner: Store, clock: Clock, random: SeededRandom, take: (run: () => void) => void = (run) => run()) {
    this.#inner = inner;
    this.#take = take;
    this.#clock = clock;
    this.#random = random;
  }

  get away(): boolean {
    return this.#away;
  }

  /** What was watched meanwhile is heard of once the store is back. */
  set away(away: boolean) {
    this.#away = away;
    if (!away) for (const tell of this.#unheard.splice(0)) tell();
  }

  get state(): "connected" | "away" {
    return this.away ? "away" : this.#inner.state;
  }

  async bucket(name: string): Promise<Bucket> {
    const bucket = await this.#delayed(`bucket ${name}`, () => this.#inner.bucket(name));
    const delayed = <T>(what: string, run: () => Promise<T>) => this.#delayed(what, run);
    return {
      name,
      get: (key) => delayed(`get ${key}`, () => bucket.get(key)),
      put: (key, value) => delayed(`put ${key}`, () => bucket.put(key, value)),
      create: (key, value) => delayed(`create ${key}`, () => bucket.create(key, value)),
      update: (key, value, revision) => delayed(`update ${key}`, () => bucket.update(key, value, revision)),
      remove: (key, revision) => delayed(`remove ${key}`, () => bucket.remove(key, revision)),
      entries: (prefix) => bucket.entries(prefix),
      watch: (on) =>
        delayed("watch", () =>
          bucket.watch((change) => {
            const tell = () => this.#take(() => on(change));
            if (this.#away) this.#unheard.push(tell);
            else tell();
          }),
        ),
    };
  }

  /** Half of the time passes before the store acts, half before its answer is here. */
  async #delayed<T>(what: string, run: () => Promise<T>): Promise<T> {
    await this.#wait(this.#random.between(...this.delay));
    if (this.away) {
      await this.#wait(DEADLINE);
      throw new StoreAway(what);
    }
    try {
      return await run();
    } finally {
      await this.#wait(this.#random.between(...this.delay));
      // Written or not: who asked does not hear of it any more.
      if (this.away) {
        await this.#wait(DEADLINE);
        // biome-ignore lint/correctness/noUnsafeFinally: the answer is lost on purpose
        throw new StoreAway(what);
      }
    }
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(milliseconds, resolve));
  }

  async close(): Promise<void> {}
}
