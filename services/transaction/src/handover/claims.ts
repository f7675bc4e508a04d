import type { Member } from "@sipmesh/cluster";
import type { Clock, Timer } from "@sipmesh/environment";

/** Milliseconds that an answer is waited for: as long as it takes to notice that who does not give one is dead. */
const PATIENCE = 3000;
const LOOK = 100;
/** Calls that are remembered to have been asked for, or that are being asked for, at most. */
const REMEMBERED = 100_000;

/** Who may know of a call. */
export interface Knowing {
  readonly owners: readonly Member[];
  /** Who had the owners' copies: asked where an owner does not answer. */
  readonly successors: readonly Member[];
}

interface Open {
  /** Members that have not answered, by id. */
  asked: Map<string, Member>;
  /** To be asked next. */
  successors: readonly Member[];
  until: number;
  /** The list of owners has changed since it was begun: its end says nothing of the former owners by now. */
  outdated: boolean;
  readonly waiting: (() => void)[];
}

export interface ClaimsOptions {
  readonly clock: Clock;
  /** `copies`: what it has of what another owned will do. */
  readonly ask: (member: string, callId: string, copies: boolean) => void;
  /** No answer will come. */
  readonly isGone: (member: Member) => boolean;
  /** All have answered, or will not; told before the messages that wait go on. */
  readonly told: (callId: string) => void;
}

/**
 * Calls that became ours and of which others may know more. They are asked once, and messages wait for the answer: the
 * former owners, and where one does not answer those who had its copies. Who answers neither is taken to know nothing.
 */
export class Claims {
  readonly #o: ClaimsOptions;
  readonly #open = new Map<string, Open>();
  readonly #answered = new Set<string>();
  #look: Timer | undefined;

  constructor(options: ClaimsOptions) {
    this.#o = options;
  }

  /** @returns false where nothing need be waited for: nobody can know, or everybody was asked before */
  ask(callId: string, { owners, successors }: Knowing, resume: () => void): boolean {
    const open = this.#open.get(callId);
    if (open !== undefined) {
      open.waiting.push(resume);
      return true;
    }
    if (owners.length + successors.length === 0) return false;
    if (this.#answered.has(callId) || this.#open.size >= REMEMBERED) return false;
    const claim: Open = { asked: new Map(), successors, until: 0, outdated: false, waiting: [resume] };
    this.#open.set(callId, claim);
    if (owners.length > 0) this.#send(callId, claim, owners, false);
    else this.#askSuccessors(callId, claim);
    this.#look ??= this.#o.clock.after(LOOK, () => this.#lookAgain());
    return true;
  }

  /** Somebody was asked and has not answered. */
  isOpen(callId: string): boolean {
    return this.#open.has(callId);
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
    for (const open of this.#open.values()) open.outdated = true;
  }

  stop(): void {
    this.#look?.cancel();
    this.#open.clear();
  }

  #send(callId: string, open: Open, members: readonly Member[], copies: boolean): void {
    const { clock, ask } = this.#o;
    open.asked = new Map(members.map((member) => [member.id, member]));
    open.until = clock.now() + PATIENCE;
    for (const { id } of members) ask(id, callId, copies);
  }

  #askSuccessors(callId: string, open: Open): void {
    const { successors } = open;
    open.successors = [];
    this.#send(callId, open, successors, true);
  }

  #lookAgain(): void {
    const { clock, isGone } = this.#o;
    const now = clock.now();
    for (const [callId, open] of [...this.#open]) {
      if (open.until > now && ![...open.asked.values()].every(isGone)) continue;
      if (open.successors.length > 0) this.#askSuccessors(callId, open);
      else this.#close(callId, open);
    }
    this.#look = this.#open.size === 0 ? undefined : this.#o.clock.after(LOOK, () => this.#lookAgain());
  }

  #close(callId: string, open: Open): void {
    this.#open.delete(callId);
    if (this.#answered.size >= REMEMBERED) this.#answered.clear();
    if (!open.outdated) this.#answered.add(callId);
    this.#o.told(callId);
    for (const resume of open.waiting) resume();
  }
}
