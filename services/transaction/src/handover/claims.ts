import type { Clock, Timer } from "@sipmesh/environment";

/** Milliseconds that an answer is waited for; then the call is taken to be new. */
const PATIENCE = 1000;
const LOOK = 100;
/** Calls that are remembered to have been asked for. */
const REMEMBERED = 100_000;

interface Open {
  /** Members that have not answered. */
  readonly asked: Set<string>;
  readonly until: number;
  readonly waiting: (() => void)[];
}

export interface ClaimsOptions {
  readonly clock: Clock;
  readonly ask: (member: string, callId: string) => void;
}

/** Calls that became ours and of which others may know more: they are asked once, and messages wait for the answer. */
export class Claims {
  readonly #o: ClaimsOptions;
  readonly #open = new Map<string, Open>();
  readonly #answered = new Set<string>();
  #look: Timer | undefined;

  constructor(options: ClaimsOptions) {
    this.#o = options;
  }

  /** @returns false where nothing need be waited for: everybody was asked before */
  ask(callId: string, members: readonly string[], resume: () => void): boolean {
    const open = this.#open.get(callId);
    if (open !== undefined) {
      open.waiting.push(resume);
      return true;
    }
    if (members.length === 0 || this.#answered.has(callId) || this.#open.size >= REMEMBERED) return false;
    const { clock, ask } = this.#o;
    this.#open.set(callId, { asked: new Set(members), until: clock.now() + PATIENCE, waiting: [resume] });
    for (const member of members) ask(member, callId);
    this.#look ??= clock.after(LOOK, () => this.#lookAgain());
    return true;
  }

  answered(member: string, callId: string): void {
    const open = this.#open.get(callId);
    if (open === undefined) return;
    open.asked.delete(member);
    if (open.asked.size === 0) this.#close(callId, open);
  }

  /** The list of owners has changed: what was asked before says nothing of it. */
  forget(): void {
    this.#answered.clear();
  }

  stop(): void {
    this.#look?.cancel();
    this.#open.clear();
  }

  #lookAgain(): void {
    const now = this.#o.clock.now();
    for (const [callId, open] of [...this.#open]) if (open.until <= now) this.#close(callId, open);
    this.#look = this.#open.size === 0 ? undefined : this.#o.clock.after(LOOK, () => this.#lookAgain());
  }

  #close(callId: string, open: Open): void {
    this.#open.delete(callId);
    if (this.#answered.size >= REMEMBERED) this.#answered.clear();
    this.#answered.add(callId);
    for (const resume of open.waiting) resume();
  }
}
