import type { Clock, Timer } from "@sipmesh/environment";

/** Milliseconds that a removal stays visible, for watchers that were away. */
const VISIBLE = 60_000;
/** Removals that wait; what is beyond stays in the store as a few bytes. */
const LIMIT = 10_000;

/** JetStream remembers each key that was ever removed; this lets it forget them. */
export class Tombstones {
  readonly #clock: Clock;
  readonly #bury: (key: string, revision: number) => Promise<void>;
  #waiting: { key: string; revision: number; since: number }[] = [];
  #timer: Timer | undefined;
  #closed = false;

  /** @param bury deletes the tombstone and what is older; may fail, then it stays */
  constructor(clock: Clock, bury: (key: string, revision: number) => Promise<void>) {
    this.#clock = clock;
    this.#bury = bury;
  }

  add(key: string, revision: number): void {
    if (this.#closed || this.#waiting.length >= LIMIT) return;
    this.#waiting.push({ key, revision, since: this.#clock.now() });
    this.#timer ??= this.#clock.after(VISIBLE, () => void this.#work());
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#waiting = [];
  }

  async #work(): Promise<void> {
    const due = this.#waiting.filter(({ since }) => since + VISIBLE <= this.#clock.now());
    this.#waiting = this.#waiting.slice(due.length);
    for (const { key, revision } of due) {
      if (this.#closed) return;
      // A tombstone that stays costs some octets in the store and misleads nobody.
      await this.#bury(key, revision).catch(() => {});
    }
    if (this.#closed) return;
    const next = this.#waiting[0];
    this.#timer =
      next && this.#clock.after(Math.max(next.since + VISIBLE - this.#clock.now(), 0), () => void this.#work());
  }
}
