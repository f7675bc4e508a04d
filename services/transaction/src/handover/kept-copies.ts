/** The state of a call that another member owns. */
export interface Kept {
  /** Of the server transaction. */
  readonly key: string;
  readonly callId: string;
  /** The member that sent it. */
  readonly from: string;
  /** The number of the list from which on that member owned it. */
  readonly since: number;
  /** The number of the list by which that member gave it up; 0: it has not. */
  readonly handedOver: number;
  /** An encoded `CallState`. */
  readonly state: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** When nothing can need it any more. */
  readonly expires: number;
}

/** Copies of what others own, as bytes: nobody reads them unless their owner goes. Bounded. */
export class KeptCopies {
  readonly #bound: number;
  readonly #byKey = new Map<string, Kept>();

  constructor(bound: number) {
    this.#bound = bound;
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): Kept | undefined {
    return this.#byKey.get(key);
  }

  values(): Iterable<Kept> {
    return this.#byKey.values();
  }

  /** @returns whether there was room for it */
  keep(copy: Kept): boolean {
    const former = this.#byKey.get(copy.key);
    if (former === undefined && this.#byKey.size >= this.#bound) return false;
    // One that was sent again may arrive after a later one of a later owner.
    if (former === undefined || former.since <= copy.since) this.#byKey.set(copy.key, copy);
    return true;
  }

  remove(key: string): void {
    this.#byKey.delete(key);
  }

  /** Lets go of what nothing can need any more. */
  sweep(now: number): void {
    for (const [key, { expires }] of this.#byKey) if (expires <= now) this.#byKey.delete(key);
  }
}
