/** Milliseconds between two looks. */
const LOOK = 20;
/** A loop that waits for less than this share of the time has no pause. */
const PAUSE = 0.05;
/** One long task (a collection of garbage, a neighbour on the machine) is no overload: it takes this many looks. */
const LOOKS = 5;

/**
 * For how long the event loop has worked without a pause. What comes is worked off in order, so nothing that is taken up
 * now has waited longer than that, and what comes now may wait as long.
 */
export class Busyness {
  #looked: number;
  #idle: number;
  #since: number;
  #looks = 0;

  /** @param idle milliseconds in which the loop has waited so far */
  constructor(now: number, idle: number) {
    this.#looked = now;
    this.#idle = idle;
    this.#since = now;
  }

  /** To be called when something is to be decided; looks where the last look is some time ago. */
  look(now: number, idle: () => number): void {
    const passed = now - this.#looked;
    if (passed < LOOK) return;
    const waited = idle();
    if (waited - this.#idle >= passed * PAUSE) {
      this.#since = now;
      this.#looks = 0;
    } else {
      this.#looks += 1;
    }
    this.#looked = now;
    this.#idle = waited;
  }

  /** Milliseconds without a pause; 0 where it had one lately. */
  busy(now: number): number {
    return this.#looks < LOOKS ? 0 : now - this.#since;
  }
}
