import type { Clock, Timer } from "@sipmesh/environment";
import type { FollowingOptions, NatsFollowing, Stored } from "./nats-following.ts";
import { decodeKey } from "./nats-key.ts";
import type { Change } from "./store.ts";

/** Milliseconds before a watch that broke starts again; doubled each time until it has told everything. */
const AGAIN_AFTER = 250;
const LONGEST = 5000;

export interface NatsWatchOptions {
  /** Makes sure that the bucket is there. */
  readonly open: () => Promise<unknown>;
  readonly follow: (
    options: Pick<FollowingOptions, "filter" | "told" | "complete" | "broken" | "failed">,
  ) => NatsFollowing;
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
  #following: NatsFollowing | undefined;
  #again: Timer | undefined;
  #wait = AGAIN_AFTER;
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
    this.#following?.close();
    void this.#follow();
  }

  close(): void {
    this.#closed = true;
    this.#round += 1;
    this.#again?.cancel();
    this.#following?.close();
  }

  async #follow(): Promise<void> {
    const { open, follow, failed } = this.#options;
    const round = ++this.#round;
    try {
      await open();
      if (round !== this.#round) return;
      const seen = new Set<string>();
      let complete = false;
      this.#following = follow({
        filter: ">",
        told: (stored) => {
          const key = decodeKey(stored.subject);
          if (!complete) seen.add(key);
          this.#tell(key, stored);
        },
        complete: () => {
          complete = true;
          this.#wait = AGAIN_AFTER;
          this.#tellRemoved(seen);
          this.#first.resolve();
        },
        broken: (reason) => {
          failed("watch", new Error(reason));
          this.#followAgain(round);
        },
        failed: (error) => failed("watch", error),
      });
    } catch (error) {
      if (round !== this.#round) return;
      failed("watch", error);
      this.#followAgain(round);
    }
  }

  #followAgain(round: number): void {
    if (round !== this.#round || this.#closed) return;
    this.#again = this.#options.clock.after(this.#wait, () => void this.#follow());
    this.#wait = Math.min(2 * this.#wait, LONGEST);
  }

  #tell(key: string, { removed, value, revision }: Stored): void {
    if (!removed) {
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

export interface NatsWalkOptions extends Pick<NatsWatchOptions, "clock" | "follow"> {
  /** Of a subject, without the bucket's own part. */
  readonly filter: string;
  /** Milliseconds that it may take. */
  readonly within: number;
}

/** The last value of each key, removals included. @throws Error where the server does not tell all in time */
export function valuesNow({ clock, follow, filter, within }: NatsWalkOptions): Promise<readonly Stored[]> {
  return new Promise((resolve, reject) => {
    const values: Stored[] = [];
    let last: unknown;
    const end = (): void => {
      late.cancel();
      following.close();
    };
    // It throws where the connection is closed: nothing of ours may be running by then.
    const following = follow({
      filter,
      told: (stored) => void values.push(stored),
      complete: () => {
        end();
        resolve(values);
      },
      broken: (reason) => {
        end();
        reject(new Error(reason));
      },
      failed: (error) => {
        last = error;
      },
    });
    const late = clock.after(within, () => {
      end();
      reject(new Error("not everything was told in time", { cause: last }));
    });
  });
}
