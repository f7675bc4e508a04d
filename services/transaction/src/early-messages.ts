import type { Closer } from "@sipmesh/bus";
import type { Cluster } from "@sipmesh/cluster";
import type { Clock, Timer } from "@sipmesh/environment";

/** Milliseconds that a list is waited for: what its writer has, all others have soon or cannot reach the store. */
const PATIENCE = 1000;
/**
 * And where it is doubtful whether there is one: until the store has been read, or has not answered. A receipt that was
 * read before would let out what another has contradicted since.
 */
const DOUBT = 5000;
const LOOK = 100;
/** Messages that wait at most. */
const BOUND = 10_000;

interface Early {
  /** The number of the list by which it was addressed. */
  readonly membership: number;
  /** Milliseconds since the epoch. */
  readonly until: number;
  readonly resume: () => void;
}

/**
 * Messages that were addressed by a list of owners that is not known here yet. They wait for it: by an older one their
 * calls are another's, or nobody could be asked about them. So do all where it is doubtful whether there is a newer list:
 * who wakes up after seconds finds messages of calls that have gone on without it.
 */
export class EarlyMessages {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #subscription: Closer;
  #waiting: Early[] = [];
  #look: Timer | undefined;

  constructor(cluster: Cluster, clock: Clock) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#subscription = cluster.onChange(() => this.#resume());
  }

  /** @returns whether it waits; then `resume` is called with the list, or without it once that has taken too long */
  holds(membership: number, resume: () => void): boolean {
    // What waits was here before.
    this.#resume();
    if (this.#isKnown(membership) || this.#waiting.length >= BOUND) return false;
    const patience = this.#cluster.doubtful ? DOUBT : PATIENCE;
    this.#waiting.push({ membership, until: this.#clock.now() + patience, resume });
    this.#look ??= this.#clock.after(LOOK, () => this.#lookAgain());
    return true;
  }

  stop(): void {
    this.#subscription.close();
    this.#look?.cancel();
    this.#waiting = [];
  }

  #isKnown(membership: number): boolean {
    return membership <= this.#cluster.membership.number && !this.#cluster.doubtful;
  }

  #lookAgain(): void {
    this.#look = undefined;
    this.#resume();
    if (this.#waiting.length > 0) this.#look = this.#clock.after(LOOK, () => this.#lookAgain());
  }

  #resume(): void {
    if (this.#waiting.length === 0) return;
    const now = this.#clock.now();
    const waiting = this.#waiting;
    const isDue = ({ membership, until }: Early) => this.#isKnown(membership) || until <= now;
    this.#waiting = waiting.filter((early) => !isDue(early));
    for (const early of waiting) if (isDue(early)) early.resume();
  }
}
