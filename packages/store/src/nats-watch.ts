import { type KV, type KvEntry, type KvWatchEntry, KvWatchInclude } from "@nats-io/kv";
import type { QueuedIterator } from "@nats-io/nats-core";
import type { Clock, Timer } from "@sipmesh/environment";
import { decodeKey } from "./nats-key.ts";
import type { Change } from "./store.ts";

/** Milliseconds before a watch that broke starts again. */
const AGAIN_AFTER = 250;

export interface NatsWatchOptions {
  readonly open: () => Promise<KV>;
  readonly on: (change: Change) => void;
  readonly clock: Clock;
  readonly failed: (where: "watcher" | "watch", error: unknown) => void;
}

/**
 * Follows a bucket over restarts of the server. After each it reads everything anew, and tells as removed what was there
 * before and is not any more.
 */
export class NatsWatch {
  readonly #options: NatsWatchOptions;
  readonly #known = new Map<string, number>();
  readonly #first = Promise.withResolvers<void>();
  #following: QueuedIterator<KvWatchEntry> | undefined;
  #again: Timer | undefined;
  #round = 0;
  #closed = false;

  constructor(options: NatsWatchOptions) {
    this.#options = options;
    // Whoever started it may have given up.
    this.#first.promise.catch(() => {});
  }

  /** Resolves once everything that was there has been told. */
  start(): Promise<void> {
    void this.#follow();
    return this.#first.promise;
  }

  restart(): void {
    if (this.#closed) return;
    this.#again?.cancel();
    this.#following?.stop();
    void this.#follow();
  }

  close(): void {
    this.#closed = true;
    this.#round += 1;
    this.#again?.cancel();
    this.#following?.stop();
  }

  async #follow(): Promise<void> {
    const round = ++this.#round;
    try {
      const kv = await this.#options.open();
      const seen = new Set<string>();
      let complete = false;
      const completed = (): void => {
        complete = true;
        this.#tellRemoved(seen);
        this.#first.resolve();
      };
      await follow(kv, {
        began: (following) => {
          if (round === this.#round) this.#following = following;
          else following.stop();
        },
        entry: (entry) => {
          if (round !== this.#round) return;
          const key = decodeKey(entry.key);
          if (!complete) seen.add(key);
          this.#tell(key, entry);
        },
        completed: () => {
          if (round === this.#round) completed();
        },
      });
    } catch (error) {
      if (round === this.#round) this.#options.failed("watch", error);
    }
    if (round !== this.#round || this.#closed) return;
    this.#again = this.#options.clock.after(AGAIN_AFTER, () => void this.#follow());
  }

  #tell(key: string, { operation, value, revision }: KvWatchEntry): void {
    if (operation === "PUT") {
      this.#known.set(key, revision);
      this.#call({ key, value, revision });
    } else if (this.#known.delete(key)) {
      this.#call({ key, removed: true, revision });
    }
  }

  #tellRemoved(seen: ReadonlySet<string>): void {
    for (const [key, revision] of this.#known) {
      if (seen.has(key)) continue;
      this.#known.delete(key);
      this.#call({ key, removed: true, revision });
    }
  }

  #call(change: Change): void {
    try {
      this.#options.on(change);
    } catch (error) {
      this.#options.failed("watcher", error);
    }
  }
}

/** The last value of each key, or of those that a wildcard means; removals included. */
export async function initialValues(kv: KV, filter?: string): Promise<(KvEntry | KvWatchEntry)[]> {
  const entries: (KvEntry | KvWatchEntry)[] = [];
  if (filter !== undefined) {
    // All its history is its last value: a bucket keeps one of each.
    for await (const entry of await kv.history({ key: filter })) entries.push(entry);
    return entries;
  }
  let following: QueuedIterator<KvWatchEntry> | undefined;
  await follow(kv, {
    began: (begun) => {
      following = begun;
    },
    entry: (entry) => void entries.push(entry),
    completed: () => following?.stop(),
  });
  return entries;
}

interface Follower {
  began(following: QueuedIterator<KvWatchEntry>): void;
  entry(entry: KvWatchEntry): void;
  /** Everything that was there at the beginning was handed over. */
  completed(): void;
}

async function follow(kv: KV, follower: Follower): Promise<void> {
  const { values } = await kv.status();
  const following = await kv.watch({ include: KvWatchInclude.LastValue });
  follower.began(following);
  let complete = values === 0;
  if (complete) follower.completed();
  for await (const entry of following) {
    follower.entry(entry);
    if (!complete && entry.delta === 0) {
      complete = true;
      follower.completed();
    }
  }
}
