/**
 * So many a second on average, and so many at once. Who has precedence may run it into debt, which those after it pay:
 * the average holds, and the others wait.
 */
export class Bucket {
  #perSecond: number;
  readonly #least: number;
  #size: number;
  #tokens: number;
  #filled: number;

  /** @param seconds how long a bucket takes to fill: its size is what comes in that time, `least` at least */
  constructor(perSecond: number, seconds: number, now: number, least = 1) {
    this.#perSecond = perSecond;
    this.#least = least;
    this.#size = Math.max(least, perSecond * seconds);
    this.#tokens = this.#size;
    this.#filled = now;
  }

  get perSecond(): number {
    return this.#perSecond;
  }

  /** Another rate from now on; what is in it stays in proportion. */
  change(perSecond: number, seconds: number, now: number): void {
    this.#fill(now);
    const size = Math.max(this.#least, perSecond * seconds);
    this.#tokens *= size / this.#size;
    this.#size = size;
    this.#perSecond = perSecond;
  }

  /** Takes one; false where there is none. `first`: as deep into debt as the bucket is high. */
  take(now: number, first: boolean): boolean {
    this.#fill(now);
    if (this.#tokens < (first ? 1 - this.#size : 1)) return false;
    this.#tokens -= 1;
    return true;
  }

  #fill(now: number): void {
    this.#tokens = Math.min(this.#size, this.#tokens + ((now - this.#filled) * this.#perSecond) / 1000);
    this.#filled = now;
  }
}
