/** How often one nonce was used: the highest nc, and which of the 31 below it came. */
interface Use {
  highest: number;
  /** Bit i: nc `highest - i` came. */
  seen: number;
}

const WINDOW = 31;

/**
 * Which uses of the nonces that this member made are new (RFC 7616 section 3.4: nc is never repeated; requests may
 * overtake one another by 31). Without time or chance of its own: the same calls give the same answers.
 *
 * Bounded: it remembers the `capacity` nonces that were first used last; those before them, and the never used ones that
 * are older, are stale from then on, which costs their holders one more challenge.
 */
export class NonceCounter {
  readonly #uses = new Map<number, Use>();
  readonly #capacity: number;
  #forgotten = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** How many nonces it remembers. */
  get size(): number {
    return this.#uses.size;
  }

  /**
   * Notes a use. `count`: the number that nc spells; undefined where the credentials bear no qop, so that the nonce is
   * good for this once. False: seen before, or forgotten; the nonce is stale.
   */
  use(serial: number, count: number | undefined): boolean {
    if (count !== undefined && count < 1) return false;
    const use = this.#uses.get(serial);
    if (use !== undefined) return count !== undefined && advance(use, count);
    if (serial <= this.#forgotten) return false;
    this.#uses.set(
      serial,
      count === undefined ? { highest: Number.POSITIVE_INFINITY, seen: 0 } : { highest: count, seen: 1 },
    );
    if (this.#uses.size > this.#capacity) this.#forgetOldest();
    return true;
  }

  /** Every serial up to this one is of nonces past their lifetime: drops what is remembered of them. */
  expire(serial: number): void {
    if (serial <= this.#forgotten) return;
    this.#forgotten = serial;
    for (const known of this.#uses.keys()) if (known <= serial) this.#uses.delete(known);
  }

  #forgetOldest(): void {
    for (const serial of this.#uses.keys()) {
      this.#uses.delete(serial);
      this.#forgotten = Math.max(this.#forgotten, serial);
      return;
    }
  }
}

function advance(use: Use, count: number): boolean {
  const ahead = count - use.highest;
  if (ahead > 0) {
    use.seen = ahead >= WINDOW ? 1 : (use.seen << ahead) | 1;
    use.highest = count;
    return true;
  }
  if (-ahead >= WINDOW) return false;
  const bit = 1 << -ahead;
  if ((use.seen & bit) !== 0) return false;
  use.seen |= bit;
  return true;
}
