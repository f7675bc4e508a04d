/** What `Clock.after` gives back: the way to call it off. */
export interface Timer {
  /** Calls the timer off; without effect once it has run or was cancelled. */
  cancel(): void;
}

/** Time as it is handed to whoever needs it: real in a process, virtual in a simulation. */
export interface Clock {
  /** Whole milliseconds since the epoch. Never goes back. */
  now(): number;
  /**
   * Runs `run` once, no earlier than `ms` milliseconds from now. Timers run in the order of the time that they are due;
   * those due at the same time in the order in which they were set. A `run` that throws is reported and stops nothing.
   */
  after(ms: number, run: () => void): Timer;
}

/** A clock that holds something of the process and must be closed in the end. */
export interface ClosableClock extends Clock {
  /** Cancels every timer; later ones never run. */
  close(): void;
}
