import type { Clock } from "@sipmesh/environment";

/** Answers that are good for a time, at most so many; a question that is under way is not asked twice. */
export class AnswerCache<T> {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #answers = new Map<string, { readonly answer: T; readonly until: number }>();
  readonly #asked = new Map<string, Promise<T>>();

  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  get size(): number {
    return this.#answers.size;
  }

  /** The answer where it is known and still good. */
  peek(key: string): T | undefined {
    const known = this.#answers.get(key);
    return known !== undefined && known.until > this.#clock.now() ? known.answer : undefined;
  }

  /** @param ttl milliseconds that the answer is good for */
  async get(key: string, ask: () => Promise<T>, ttl: (answer: T) => number): Promise<T> {
    const known = this.#answers.get(key);
    if (known !== undefined && known.until > this.#clock.now()) return known.answer;
    const asked = this.#asked.get(key);
    if (asked !== undefined) return asked;
    const asking = ask();
    this.#asked.set(key, asking);
    try {
      const answer = await asking;
      this.#keep(key, answer, ttl(answer));
      return answer;
    } finally {
      this.#asked.delete(key);
    }
  }

  #keep(key: string, answer: T, ttl: number): void {
    this.#answers.delete(key);
    if (ttl <= 0) return;
    this.#answers.set(key, { answer, until: this.#clock.now() + ttl });
    // The oldest goes first: a Map keeps the order of insertion.
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= this.#limit) break;
      this.#answers.delete(oldest);
    }
  }
}
