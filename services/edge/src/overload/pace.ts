/** Milliseconds of one count, and how many are kept: together one second. */
const SLICE = 100;
const SLICES = 10;
/** Calls that may be unanswered whatever the pace: what any owner has under way. */
const ALWAYS = 64;
/** Answers a second that an owner gives which has not answered yet: its code may be cold. */
const COLD = 160;
/** Milliseconds of silence after which an owner that used to answer is taken to be gone, not slow: another takes over. */
const SILENT = 300;
/** Calls that may wait for whoever takes over. */
const WAITING = 4000;

/**
 * How fast an owner of calls gives its first answer to those that it is sent, and so how long the next one will wait:
 * as many as are unanswered, at the pace of the last second (Little's law). Tells a slow owner before it is drowned.
 */
export class Pace {
  readonly #slices = new Int32Array(SLICES);
  #slice = 0;
  #sum = 0;
  #answered = Number.NEGATIVE_INFINITY;

  /** A first answer came. */
  answer(now: number): void {
    this.#turn(now);
    const at = this.#slice % SLICES;
    this.#slices[at] = (this.#slices[at] as number) + 1;
    this.#sum += 1;
    this.#answered = now;
  }

  /** Milliseconds that a call would wait for its first answer which comes after so many unanswered ones. */
  wait(unanswered: number, now: number): number {
    if (unanswered < ALWAYS) return 0;
    const quiet = now - this.#answered;
    if (quiet > SILENT && quiet !== Number.POSITIVE_INFINITY)
      return unanswered < WAITING ? 0 : Number.POSITIVE_INFINITY;
    this.#turn(now);
    return (unanswered * 1000) / Math.max(this.#sum, COLD);
  }

  /** Forgets what is older than a second. */
  #turn(now: number): void {
    const slice = Math.floor(now / SLICE);
    const passed = Math.min(slice - this.#slice, SLICES);
    for (let i = 0; i < passed; i += 1) {
      const at = (slice - i) % SLICES;
      this.#sum -= this.#slices[at] as number;
      this.#slices[at] = 0;
    }
    this.#slice = slice;
  }
}
