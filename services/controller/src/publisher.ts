import type { Clock, Timer } from "@sipmesh/environment";
import { PLACES } from "@sipmesh/runtime";
import type { Store } from "@sipmesh/store";

/** Milliseconds until it is tried again where the store did not answer. */
const AGAIN_AFTER = 1000;
/** Milliseconds between two comparisons of what is published with what is so, whatever happens. */
const COMPARE = 30_000;

export interface PublisherOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Whether it is this instance that writes. */
  readonly mine: () => boolean;
  /** So many values were written or removed. */
  readonly wrote: (values: number) => void;
  readonly failed: (error: unknown) => void;
}

/** Keeps a bucket as it should be: writes what is another value there, removes what is no more. */
export class Publisher {
  readonly #o: PublisherOptions;
  #wanted: ReadonlyMap<string, Uint8Array> | undefined;
  #working: Promise<void> | undefined;
  #stale = false;
  #next: Timer | undefined;
  #published = false;
  #stopped = false;
  /** Whether it wrote when it looked last. */
  #wasMine = false;

  constructor(options: PublisherOptions) {
    this.#o = options;
  }

  /** Whether what is wanted stands there, by whomever it was written. */
  get published(): boolean {
    return this.#published;
  }

  /** From now on this is so. */
  publish(wanted: ReadonlyMap<string, Uint8Array>): void {
    this.#wanted = wanted;
    this.#look();
  }

  /** It may be another who writes now. */
  writerMayHaveChanged(): void {
    // A rollout changes the cluster many times a second, and each look reads all that is published.
    if (this.#o.mine() !== this.#wasMine) this.#look();
  }

  #look(): void {
    this.#stale = true;
    if (this.#stopped || this.#wanted === undefined || this.#working !== undefined) return;
    this.#next?.cancel();
    this.#working = this.#work().finally(() => {
      this.#working = undefined;
      if (this.#stopped) return;
      if (this.#stale && this.#published) this.#look();
      else this.#next = this.#o.clock.after(this.#published ? COMPARE : AGAIN_AFTER, () => this.#look());
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#next?.cancel();
    await this.#working;
  }

  async #work(): Promise<void> {
    this.#stale = false;
    const { store, mine, wrote, failed } = this.#o;
    const wanted = new Map(this.#wanted);
    const isMine = mine();
    this.#wasMine = isMine;
    try {
      const bucket = await store.bucket(PLACES);
      const gone: string[] = [];
      for await (const { key, value } of bucket.entries()) {
        const now = wanted.get(key);
        if (now === undefined) gone.push(key);
        else if (Buffer.from(now).equals(value)) wanted.delete(key);
      }
      // Who does not write still sees whether it is done.
      if (isMine) {
        for (const [key, value] of wanted) await bucket.put(key, value);
        for (const key of gone) await bucket.remove(key);
        wrote(wanted.size + gone.length);
        this.#published = true;
      } else {
        this.#published = wanted.size === 0 && gone.length === 0;
      }
    } catch (error) {
      this.#published = false;
      failed(error);
    }
  }
}
