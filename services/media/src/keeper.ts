import type { Clock, Timer } from "@sipmesh/environment";
import { type Bucket, StoreAway } from "@sipmesh/store";
import type { Counter } from "@sipmesh/telemetry";

/** Writes and removals under way at a time. */
const IN_FLIGHT = 128;
/** Milliseconds until a store that was away is tried again. */
const AGAIN_AFTER = 1000;
/** A larger session is not kept: NATS takes up to 1 MiB. */
const LARGEST = 512 * 1024;

export interface KeeperOptions {
  readonly bucket: Bucket;
  readonly clock: Clock;
  /** Keys that wait at most; beyond it removals are forgotten. */
  readonly most: number;
  /** By outcome: "ok", "away", "failed", "too-large", "forgotten". */
  readonly written: (outcome: string) => Counter;
}

/**
 * Writes what changes to a bucket, in the background: nobody waits for the store. Of each key one write is under way at a
 * time and only the last value counts; while the store is away what changed waits, and is written when it is back.
 */
export class Keeper {
  readonly #options: KeeperOptions;
  /** What is to be written, in order; undefined: is to be removed. */
  readonly #waiting = new Map<string, (() => Uint8Array) | undefined>();
  readonly #writing = new Set<string>();
  /** Keys that the bucket may hold. */
  readonly #there = new Set<string>();
  readonly #idle: (() => void)[] = [];
  #again: Timer | undefined;
  #closed = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Keys whose last change the bucket does not have yet. */
  get behind(): number {
    return this.#waiting.size + this.#writing.size;
  }

  /** The bucket has a value for it. */
  knows(key: string): void {
    this.#there.add(key);
  }

  /** @param value gives the value when its turn comes: the newest then */
  write(key: string, value: () => Uint8Array): void {
    if (this.#closed) return;
    this.#waiting.set(key, value);
    this.#pump();
  }

  remove(key: string): void {
    if (this.#closed) return;
    if (!this.#there.has(key)) {
      this.#waiting.delete(key);
    } else if (this.#waiting.size >= this.#options.most && !this.#waiting.has(key)) {
      this.#there.delete(key);
      this.#count("forgotten");
    } else {
      this.#waiting.set(key, undefined);
      this.#pump();
    }
  }

  /** Resolves once nothing waits any more, or after that many milliseconds. */
  flush(within: number): Promise<void> {
    if (this.behind === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(within, resolve);
      this.#idle.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** Nothing is written any more. */
  close(): void {
    this.#closed = true;
    this.#again?.cancel();
    this.#waiting.clear();
  }

  #pump(): void {
    if (this.#again !== undefined) return;
    for (const [key, value] of this.#waiting) {
      if (this.#writing.size >= IN_FLIGHT) return;
      if (this.#writing.has(key)) continue;
      this.#waiting.delete(key);
      this.#writing.add(key);
      this.#there.add(key);
      void this.#settle(key, value);
    }
  }

  async #settle(key: string, value: (() => Uint8Array) | undefined): Promise<void> {
    const outcome = await this.#put(key, value);
    this.#writing.delete(key);
    this.#count(outcome);
    if (this.#closed) return;
    if (outcome === "away") {
      if (!this.#waiting.has(key)) this.#waiting.set(key, value);
      this.#again ??= this.#options.clock.after(AGAIN_AFTER, () => {
        this.#again = undefined;
        this.#pump();
      });
    } else if (value === undefined && !this.#waiting.has(key)) {
      this.#there.delete(key);
    }
    this.#pump();
    if (this.behind === 0) for (const tell of this.#idle.splice(0)) tell();
  }

  /** Rejects never. */
  async #put(key: string, value: (() => Uint8Array) | undefined): Promise<string> {
    try {
      const bytes = value?.();
      if (bytes !== undefined && bytes.length > LARGEST) return "too-large";
      await (bytes === undefined ? this.#options.bucket.remove(key) : this.#options.bucket.put(key, bytes));
      return "ok";
    } catch (error) {
      return error instanceof StoreAway ? "away" : "failed";
    }
  }

  #count(outcome: string): void {
    this.#options.written(outcome).add();
  }
}
