import type { Timer } from "./clock.ts";

/** Slots of the wheel; with a grain of 8 ms one turn takes 32.8 s, so that 64·T1 (RFC 3261 Timer B, F, H) fits in one. */
const SLOTS = 4096;
const WORDS = SLOTS / 32;

class Entry implements Timer {
  wheel: Wheel | undefined;
  readonly due: number;
  readonly tick: number;
  run: () => void;
  previous: Entry | undefined;
  next: Entry | undefined;

  constructor(wheel: Wheel, due: number, tick: number, run: () => void) {
    this.wheel = wheel;
    this.due = due;
    this.tick = tick;
    this.run = run;
  }

  cancel(): void {
    this.wheel?.remove(this);
  }
}

/**
 * A hashed timer wheel: setting and cancelling cost the same however many timers there are. It knows no clock: times are
 * handed in, in milliseconds on one scale that never goes back.
 */
export class Wheel {
  readonly #grain: number;
  readonly #first: (Entry | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #last: (Entry | undefined)[] = new Array(SLOTS).fill(undefined);
  /** One bit for each slot that holds a timer, so that the next one is found without walking the empty ones. */
  readonly #occupied = new Int32Array(WORDS);
  /** Every slot up to and with this tick has been emptied of what was due. */
  #tick: number;
  #size = 0;

  /** `grain`: the width of a slot in milliseconds, by which a timer may be late. */
  constructor(grain: number, now: number) {
    this.#grain = grain;
    this.#tick = Math.floor(now / grain);
  }

  /** How many timers are set. */
  get size(): number {
    return this.#size;
  }

  add(due: number, run: () => void): Entry {
    // Rounded up: the slot's turn comes when all that is in it is due.
    const tick = Math.max(Math.ceil(due / this.#grain), this.#tick + 1);
    const entry = new Entry(this, due, tick, run);
    const slot = tick & (SLOTS - 1);
    const last = this.#last[slot];
    entry.previous = last;
    if (last === undefined) {
      this.#first[slot] = entry;
      this.#occupied[slot >>> 5] = (this.#occupied[slot >>> 5] as number) | (1 << (slot & 31));
    } else {
      last.next = entry;
    }
    this.#last[slot] = entry;
    this.#size += 1;
    return entry;
  }

  remove(entry: Entry): void {
    const slot = entry.tick & (SLOTS - 1);
    const { previous, next } = entry;
    if (previous === undefined) this.#first[slot] = next;
    else previous.next = next;
    if (next === undefined) this.#last[slot] = previous;
    else next.previous = previous;
    if (previous === undefined && next === undefined) {
      this.#occupied[slot >>> 5] = (this.#occupied[slot >>> 5] as number) & ~(1 << (slot & 31));
    }
    entry.previous = undefined;
    entry.next = undefined;
    entry.wheel = undefined;
    this.#size -= 1;
  }

  /** When the wheel must be turned next: nothing is due before. Undefined where no timer is set. */
  nextTurn(): number | undefined {
    if (this.#size === 0) return undefined;
    for (let ahead = 1; ahead <= SLOTS; ) {
      const slot = (this.#tick + ahead) & (SLOTS - 1);
      const word = (this.#occupied[slot >>> 5] as number) >>> (slot & 31);
      if (word !== 0) return (this.#tick + ahead + (31 - Math.clz32(word & -word))) * this.#grain;
      ahead += 32 - (slot & 31);
    }
    return (this.#tick + SLOTS) * this.#grain;
  }

  /** Runs what is due at `now`, in order; what `run` throws goes to `report`. */
  turn(now: number, report: (error: unknown) => void): void {
    const until = Math.floor(now / this.#grain);
    // After a long sleep of the process one turn of the wheel meets every slot.
    const start = Math.max(this.#tick + 1, until - SLOTS + 1);
    const slept = start > this.#tick + 1;
    const due: Entry[] = [];
    for (let tick = start; tick <= until; tick += 1) {
      for (let entry = this.#first[tick & (SLOTS - 1)]; entry !== undefined; entry = entry.next) {
        if (entry.tick <= until && (slept || entry.tick <= tick)) due.push(entry);
      }
    }
    this.#tick = Math.max(this.#tick, until);
    // Stable, so that timers due at the same time keep the order in which they were set.
    if (due.length > 1) due.sort((a, b) => a.due - b.due);
    for (const entry of due) {
      // An earlier one of this turn may have cancelled it.
      if (entry.wheel === undefined) continue;
      this.remove(entry);
      try {
        entry.run();
      } catch (error) {
        report(error);
      }
    }
  }

  /** Cancels every timer. */
  clear(): void {
    for (let slot = 0; slot < SLOTS; slot += 1) {
      for (let entry = this.#first[slot]; entry !== undefined; entry = this.#first[slot]) this.remove(entry);
    }
  }
}
