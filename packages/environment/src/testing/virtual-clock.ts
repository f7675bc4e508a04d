import type { Clock, Timer } from "../clock.ts";

interface Due extends Timer {
  readonly at: number;
  readonly sequence: number;
  run: (() => void) | undefined;
}

/** A moment of 2026, so that times look like times. */
const BEGIN = Date.UTC(2026, 0, 1);

/** Time that passes only when it is told to: from one timer to the next, in an order that is always the same. */
export class VirtualClock implements Clock {
  readonly #failed: (error: unknown) => void;
  /** A binary heap by time, then by the order in which the timers were set. */
  readonly #heap: Due[] = [];
  #now = BEGIN;
  #sequence = 0;
  #timers = 0;

  /** @param failed is told what the function of a timer throws; absent: whoever lets time pass */
  constructor(failed: (error: unknown) => void = rethrow) {
    this.#failed = failed;
  }

  now(): number {
    return Math.floor(this.#now);
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#timers;
  }

  /** Milliseconds since the clock was made. */
  get elapsed(): number {
    return this.#now - BEGIN;
  }

  after(ms: number, run: () => void): Timer {
    const timer: Due = {
      at: this.#now + Math.max(0, ms),
      sequence: this.#sequence++,
      run,
      cancel: () => {
        if (timer.run !== undefined) this.#timers--;
        timer.run = undefined;
      },
    };
    this.#timers++;
    this.#push(timer);
    return timer;
  }

  /** When the next timer is due, in milliseconds since the beginning; undefined where there is none. */
  get next(): number | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.run !== undefined) return first.at - BEGIN;
      this.#pop();
    }
    return undefined;
  }

  /** Runs the next timer at its time. */
  step(): void {
    if (this.next === undefined) return;
    const timer = this.#pop();
    this.#now = Math.max(this.#now, timer.at);
    const { run } = timer;
    timer.cancel();
    try {
      run?.();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Lets time pass without running what is due. */
  advanceTo(elapsed: number): void {
    this.#now = Math.max(this.#now, BEGIN + elapsed);
  }

  /** Lets so many milliseconds pass: each timer runs at its time. */
  run(ms: number): void {
    const end = this.elapsed + ms;
    while ((this.next ?? Number.POSITIVE_INFINITY) <= end) this.step();
    this.advanceTo(end);
  }

  /** The same, and whatever promises lead to happens in between. */
  async pass(ms: number): Promise<void> {
    const end = this.elapsed + ms;
    await settled();
    while ((this.next ?? Number.POSITIVE_INFINITY) <= end) {
      this.step();
      await settled();
    }
    this.advanceTo(end);
  }

  #push(timer: Due): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!earlier(timer, heap[parent] as Due)) break;
      heap[at] = heap[parent] as Due;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): Due {
    const heap = this.#heap;
    const first = heap[0] as Due;
    const last = heap.pop() as Due;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1] as Due, heap[child] as Due)) child++;
      if (!earlier(heap[child] as Due, last)) break;
      heap[at] = heap[child] as Due;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

/** Every promise that could be settled is. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function rethrow(error: unknown): never {
  throw error;
}

function earlier(one: Due, other: Due): boolean {
  return one.at < other.at || (one.at === other.at && one.sequence < other.sequence);
}
