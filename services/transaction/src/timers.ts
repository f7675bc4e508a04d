import type { Clock, Timer } from "@sipmesh/environment";
import type { Owner, ProxyTimer } from "@sipmesh/sip-core";

/** A timer that runs. */
export interface Running {
  readonly owner: Owner;
  readonly branch: number;
  readonly timer: ProxyTimer;
  /** Milliseconds since the epoch. */
  readonly due: number;
}

/**
 * The timers of one response context over one timer of the clock: most of them are called off long before they are due,
 * so only the earliest is armed, and one that was called off is found out when the clock comes to it.
 */
export class Timers<Of> {
  readonly #clock: Clock;
  readonly #fire: (of: Of, running: Running) => void;
  readonly #of: Of;
  readonly #woken = () => this.#wake();
  #running: Running[] = [];
  #armed: Timer | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  /** `of`: whose timers they are; handed to `fire` when one is due. */
  constructor(clock: Clock, fire: (of: Of, running: Running) => void, of: Of) {
    this.#clock = clock;
    this.#fire = fire;
    this.#of = of;
  }

  /** In milliseconds from now; one that runs under the same name is replaced. */
  start(owner: Owner, branch: number, timer: ProxyTimer, after: number): void {
    this.stop(owner, branch, timer);
    const due = this.#clock.now() + after;
    this.#running.push({ owner, branch, timer, due });
    if (due < this.#armedFor) this.#arm(due);
  }

  /** Without `timer`: all of that owner. */
  stop(owner: Owner, branch: number, timer?: ProxyTimer): void {
    const running = this.#running;
    // What stays moves up, in order: `splice` costs more than all the rest.
    let kept = 0;
    for (const one of running) {
      if (one.owner === owner && one.branch === branch && (timer === undefined || one.timer === timer)) continue;
      running[kept++] = one;
    }
    while (running.length > kept) running.pop();
  }

  /** The timers that run, by the time that remains to them, in milliseconds. */
  remaining(): { owner: Owner; branch: number; timer: ProxyTimer; after: number }[] {
    const now = this.#clock.now();
    return this.#running.map(({ owner, branch, timer, due }) => ({
      owner,
      branch,
      timer,
      after: Math.max(0, due - now),
    }));
  }

  stopAll(): void {
    this.#running = [];
    this.#armed?.cancel();
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #arm(due: number): void {
    this.#armed?.cancel();
    this.#armedFor = due;
    this.#armed = this.#clock.after(due - this.#clock.now(), this.#woken);
  }

  /** In the order in which they are due, those due at once in the order in which they were set. */
  #wake(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (next.due > now) {
        this.#arm(next.due);
        return;
      }
      this.stop(next.owner, next.branch, next.timer);
      this.#fire(this.#of, next);
    }
  }

  #next(): Running | undefined {
    let next: Running | undefined;
    for (const running of this.#running) if (next === undefined || running.due < next.due) next = running;
    return next;
  }
}
