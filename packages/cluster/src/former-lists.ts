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

  /** Owners and successors of a key by the lists that held within the last `within` milliseconds, the latest first. */
  holdersOf(key: string, within: number): Member[] {
    const since = this.#clock.now() - within;
    const holders = new Map<string, Member>();
    for (let at = this.#lists.length - 1; at >= 0; at--) {
      const list = this.#lists[at];
      if (list === undefined || list.until < since) break;
      for (const member of [list.order.owner(key), list.order.successor(key)]) {
        if (member !== undefined && !holders.has(member.id)) holders.set(member.id, member);
      }
    }
    return [...holders.values()];
  }
}
