import type { Clock, Timer } from "@sipmesh/environment";

/** Milliseconds between two samples: often enough that a mean over a second says something. */
const EVERY = 100;

/** Measures how long work waits for the event loop: how late a timer runs that is due now and then. */
export class Lateness {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #samples = 0;
  #sum = 0;
  #longest = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#next();
  }

  /** Mean and longest of the samples since it was taken last, in milliseconds. */
  take(): { readonly mean: number; readonly longest: number } {
    const taken = { mean: this.#samples === 0 ? 0 : this.#sum / this.#samples, longest: this.#longest };
    this.#samples = 0;
    this.#sum = 0;
    this.#longest = 0;
    return taken;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #next(): void {
    const due = this.#clock.now() + EVERY;
    this.#timer = this.#clock.after(EVERY, () => {
      const late = Math.max(0, this.#clock.now() - due);
      this.#samples += 1;
      this.#sum += late;
      this.#longest = Math.max(this.#longest, late);
      this.#next();
    });
  }
}
