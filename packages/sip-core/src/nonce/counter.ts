const WINDOW = 31;

/**
 * Which uses of the nonces that this member made are new (RFC 7616 section 3.4: nc is never repeated; requests may
 * overtake one another by 31). Without time or chance of its own: the same calls give the same answers.
 *
 * Bounded: a serial has one of `capacity` places, and takes it from the serials before it that share it. Those, and what
 * was made before what is past, are stale from then on, which costs their holders one more challenge.
 */
export class NonceCounter {
  /** By place: whose it is; 0: nobody's. */
  readonly #serials: Float64Array;
  /** By place: the highest nc that came; infinite: a use without qop, after which none is good. */
  readonly #highest: Float64Array;
  /** By place: bit i: nc `highest - i` came. */
  readonly #seen: Int32Array;
  #size = 0;
  /** Every serial up to this one is past. */
  #past = 0;

  constructor(capacity: number) {
    this.#serials = new Float64Array(capacity);
    this.#highest = new Float64Array(capacity);
    this.#seen = new Int32Array(capacity);
  }

  /** How many nonces it remembers. */
  get size(): number {
    return this.#size;
  }

  /**
   * Notes a use. `count`: the number that nc spells; undefined where the credentials bear no qop, so that the nonce is
   * good for this once. False: seen before, or forgotten; the nonce is stale.
   */
  use(serial: number, count: number | undefined): boolean {
    if (serial <= this.#past || (count !== undefined && count < 1)) return false;
    const place = serial % this.#serials.length;
    const owner = this.#serials[place] as number;
    if (owner > serial) return false;
    if (owner === serial) return count !== undefined && this.#advance(place, count);
    if (owner <= this.#past) this.#size++;
    this.#serials[place] = serial;
    this.#highest[place] = count ?? Number.POSITIVE_INFINITY;
    this.#seen[place] = 1;
    return true;
  }

  /** Every serial up to this one is of nonces past their lifetime: drops what is remembered of them. */
  expire(serial: number): void {
    if (serial <= this.#past) return;
    for (const owner of this.#serials) if (owner > this.#past && owner <= serial) this.#size--;
    this.#past = serial;
  }

  #advance(place: number, count: number): boolean {
    const highest = this.#highest[place] as number;
    const seen = this.#seen[place] as number;
    const ahead = count - highest;
    if (ahead > 0) {
      this.#seen[place] = ahead >= WINDOW ? 1 : (seen << ahead) | 1;
      this.#highest[place] = count;
      return true;
    }
    if (-ahead >= WINDOW) return false;
    const bit = 1 << -ahead;
    if ((seen & bit) !== 0) return false;
    this.#seen[place] = seen | bit;
    return true;
  }
}
