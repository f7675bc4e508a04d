import type { Clock, Timer } from "@sipmesh/environment";
import type { Owner, ProxyTimer } from "@sipmesh/sip-core";

/** A timer that runs. */
export interface Running {
  readonly owner: Owner;
  readonly branch: number;
  readonly timer: ProxyTimer;
  /** Milliseconds since the epoch. */
  readonly due: number;
  /** The one that was set after it. A chain: of the few that run a list would keep room for seventeen. */
  next: Running | undefined;
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
  /** In the order in which they were set. */
  #first: Running | undefined;
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
    const running: Running = { owner, branch, timer, due, next: undefined };
    let last = this.#first;
    if (last === undefined) this.#first = running;
    else {
      while (last.next !== undefined) last = last.next;
      last.next = running;
    }
    if (due < this.#armedFor) this.#arm(due);
  }

  /** Without `timer`: all of that owner. */
  stop(owner: Owner, branch: number, timer?: ProxyTimer): void {
    let former: Running | undefined;
    for (let one = this.#first; one !== undefined; one = one.next) {
      if (one.owner !== owner || one.branch !== branch || (timer !== undefined && one.timer !== timer)) former = one;
      else if (former === undefined) this.#first = one.next;
      else former.next = one.next;
    }
  }

  /** The timers that run, by the time that remains to them, in milliseconds. */
  remaining(): { owner: Owner; branch: number; timer: ProxyTimer; after: number }[] {
    const now = this.#clock.now();
    const left: { owner: Owner; branch: number; timer: ProxyTimer; after: number }[] = [];
    for (let one = this.#first; one !== undefined; one = one.next) {
      const { owner, branch, timer, due } = one;
      left.push({ owner, branch, timer, after: Math.max(0, due - now) });
    }
    return left;
  }

  stopAll(): void {
    this.#first = undefined;
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
    for (let one = this.#first; one !== undefined; one = one.next) {
      if (next === undefined || one.due < next.due) next = one;
    }
    return next;
  }
}
