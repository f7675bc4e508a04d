import type { Clock } from "@sipmesh/environment";
import type { Member } from "./cluster.ts";
import type { Rendezvous } from "./rendezvous.ts";

/** Lists that are remembered at most: a rollout of a large deployment makes two for each pod. */
const REMEMBERED = 32;

/** The lists of owners that held until a while ago. */
export class FormerLists {
  readonly #clock: Clock;
  readonly #lists: { readonly order: Rendezvous; readonly until: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A list that has just been replaced. */
  add(order: Rendezvous): void {
    this.#lists.push({ order, until: this.#clock.now() });
    if (this.#lists.length > REMEMBERED) this.#lists.shift();
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
    for (let at = this.#lists.length - 1; at >= 0; at--) {
      const list = this.#lists[at];
      if (list === undefined || list.until < since) break;
      const member = find(list.order);
      if (member !== undefined && !found.has(member.id)) found.set(member.id, member);
    }
    return [...found.values()];
  }
}
