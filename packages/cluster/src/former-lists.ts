import type { Clock } from "@sipmesh/environment";
import type { Member, Membership } from "./cluster.ts";
import { Rendezvous } from "./rendezvous.ts";
import type { SipHash } from "./siphash.ts";

/** Lists that are remembered at most: a rollout makes two for each pod, and many pods may start at once. */
const REMEMBERED = 128;
/** Milliseconds after which nothing of a list can matter: longer than any transaction lives. */
const LIFE = 60_000;

/** A list that does not hold any more. */
export interface FormerList extends Membership {
  /** Milliseconds since it was replaced. */
  readonly age: number;
}

interface Remembered extends Membership {
  readonly order: Rendezvous;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** The lists of owners that held until a while ago: those that were heard here, and those that others tell of. */
export class FormerLists {
  readonly #clock: Clock;
  readonly #hash: SipHash;
  /** The latest first. */
  #lists: readonly Remembered[] = [];

  constructor(clock: Clock, hash: SipHash) {
    this.#clock = clock;
    this.#hash = hash;
  }

  /** Lists that have been replaced; of what is known already nothing changes. */
  add(lists: readonly FormerList[]): void {
    const now = this.#clock.now();
    const known = new Set(this.#lists.map(({ number }) => number));
    const added = lists
      .filter(({ number }) => number > 0 && !known.has(number))
      .map(({ number, members, age }) => ({
        number,
        members,
        order: new Rendezvous(this.#hash, members),
        until: now - age,
      }));
    this.#lists = [...added, ...this.#lists]
      .filter(({ until }) => until + LIFE > now)
      .sort((one, other) => other.number - one.number)
      .slice(0, REMEMBERED);
  }

  /** All that are remembered, the latest first. */
  get all(): readonly FormerList[] {
    const now = this.#clock.now();
    return this.#lists.map(({ number, members, until }) => ({ number, members, age: now - until }));
  }

  /** Owners of a key by the lists that held within the last `within` milliseconds, the latest first. */
  ownersOf(key: string, within: number): Member[] {
    return this.#within(within, (order) => order.owner(key));
  }

  /** And their successors. */
  successorsOf(key: string, within: number): Member[] {
    return this.#within(within, (order) => order.successor(key));
  }

  #within(within: number, find: (order: Rendezvous) => Member | undefined): Member[] {
    const since = this.#clock.now() - within;
    const found = new Map<string, Member>();
    for (const { order, until } of this.#lists) {
      if (until < since) continue;
      const member = find(order);
      if (member !== undefined && !found.has(member.id)) found.set(member.id, member);
    }
    return [...found.values()];
  }
}
