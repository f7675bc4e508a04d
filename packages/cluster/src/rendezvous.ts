import type { Member } from "./cluster.ts";
import type { SipHash } from "./siphash.ts";

interface Candidate {
  readonly member: Member;
  readonly low: number;
  readonly high: number;
}

/**
 * Rendezvous hashing (Thaler, Ravishankar: A name-based mapping scheme for rendezvous, 1996): each key belongs to the
 * member whose hash together with the key is the highest. Whoever has the same members, in whatever order, finds the
 * same owner; a member that joins or leaves moves only the keys that become or were its own. The secret key of the hash
 * keeps strangers from choosing the owner.
 */
export class Rendezvous {
  readonly #hash: SipHash;
  readonly #candidates: readonly Candidate[];

  constructor(hash: SipHash, members: readonly Member[]) {
    this.#hash = hash;
    this.#candidates = members
      .toSorted((one, other) => (one.id < other.id ? -1 : 1))
      .map((member) => {
        const [low, high] = hash.hash64(`member ${member.id}`) as unknown as [number, number];
        return { member, low, high };
      });
  }

  owner(key: string): Member | undefined {
    // Who is alone need not be chosen.
    if (this.#candidates.length === 1) return this.#candidates[0]?.member;
    return this.#best(key, () => true);
  }

  /** The next in order behind the owner, on another node where there is one; never in the process of the owner. */
  successor(key: string): Member | undefined {
    const owner = this.owner(key);
    if (owner === undefined) return undefined;
    return (
      this.#best(key, ({ node }) => node !== owner.node) ??
      this.#best(key, ({ instance }) => instance !== owner.instance)
    );
  }

  #best(key: string, eligible: (member: Member) => boolean): Member | undefined {
    const [low, high] = this.#hash.hash64(key) as unknown as [number, number];
    let best: Member | undefined;
    let bestHigh = 0;
    let bestLow = 0;
    for (const candidate of this.#candidates) {
      if (!eligible(candidate.member)) continue;
      const scoreLow = scramble(low ^ candidate.low);
      const scoreHigh = scramble((high ^ candidate.high) + scoreLow);
      if (best === undefined || scoreHigh > bestHigh || (scoreHigh === bestHigh && scoreLow > bestLow)) {
        best = candidate.member;
        bestHigh = scoreHigh;
        bestLow = scoreLow;
      }
    }
    return best;
  }
}

/** The finaliser of MurmurHash3: spreads each bit of a word over all of it. */
function scramble(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
