interface Resting {
  readonly port: number;
  readonly since: number;
}

/**
 * The even ports of a range, each standing for itself and the odd one above it, of one local address. A port that was
 * given back rests before it is lent again: packets of the old call are still on their way, and a phone that missed its
 * BYE goes on sending for a while.
 */
export class PortPool {
  readonly #fresh: number[];
  readonly #resting: Resting[] = [];
  #firstResting = 0;
  readonly #rest: number;
  /** Lent, but none of its own. */
  readonly #foreign = new Set<number>();
  #lent = 0;

  /**
   * @param first lowest port; an odd one is rounded up
   * @param last highest port, which may be the odd one of a pair
   * @param rest milliseconds
   * @param below gives a whole number from 0 to its argument − 1: the order is shuffled, so that strangers cannot tell
   * the next port
   */
  constructor(first: number, last: number, rest: number, below: (bound: number) => number) {
    this.#rest = rest;
    this.#fresh = [];
    for (let port = first + (first % 2); port + 1 <= last; port += 2) this.#fresh.push(port);
    for (let i = this.#fresh.length - 1; i > 0; i--) {
      const j = below(i + 1);
      const port = this.#fresh[i] as number;
      this.#fresh[i] = this.#fresh[j] as number;
      this.#fresh[j] = port;
    }
  }

  /** An even port; undefined where all are lent or resting. */
  take(now: number): number | undefined {
    let port = this.#fresh.pop();
    if (port === undefined) {
      const longest = this.#resting[this.#firstResting];
      if (longest === undefined || now - longest.since < this.#rest) return undefined;
      this.#firstResting++;
      if (this.#firstResting > 1024 && this.#firstResting * 2 > this.#resting.length) {
        this.#resting.splice(0, this.#firstResting);
        this.#firstResting = 0;
      }
      port = longest.port;
    }
    this.#lent++;
    return port;
  }

  /** Lends that very port, which a session had before: also one that the range does not have any more. */
  reserve(port: number): void {
    const at = this.#fresh.indexOf(port);
    if (at < 0) this.#foreign.add(port);
    else this.#fresh.splice(at, 1);
    this.#lent++;
  }

  giveBack(port: number, now: number): void {
    this.#lent--;
    if (this.#foreign.delete(port)) return;
    this.#resting.push({ port, since: now });
  }

  get lent(): number {
    return this.#lent;
  }

  get resting(): number {
    return this.#resting.length - this.#firstResting;
  }

  get size(): number {
    return this.#fresh.length + this.resting + this.#lent;
  }
}
