import type { Clock } from "@sipmesh/environment";
import type { Asker } from "./front-proxy.ts";
import type { Kubernetes, Wish } from "./kubernetes.ts";

/** Milliseconds that an answer holds. */
const ALLOWED = 10_000;
const DENIED = 5000;
/** Answers kept at most; the oldest go first. */
const MOST = 1000;

/** Asks the API server whether somebody may do what he wants, and remembers the answer for some seconds. */
export class Access {
  readonly #kubernetes: Pick<Kubernetes, "allowed">;
  readonly #clock: Clock;
  readonly #answers = new Map<string, { readonly until: number; readonly allowed: boolean }>();
  /** Questions on their way: who asks the same waits for the same answer. */
  readonly #asked = new Map<string, Promise<boolean>>();

  constructor(kubernetes: Pick<Kubernetes, "allowed">, clock: Clock) {
    this.#kubernetes = kubernetes;
    this.#clock = clock;
  }

  get size(): number {
    return this.#answers.size;
  }

  /** Rejects where the API server gives no answer. */
  async allowed(asker: Asker, wish: Wish): Promise<boolean> {
    const key = JSON.stringify([asker, wish]);
    const known = this.#answers.get(key);
    if (known !== undefined && known.until > this.#clock.now()) return known.allowed;
    const asking = this.#asked.get(key) ?? this.#ask(key, asker, wish);
    this.#asked.set(key, asking);
    return await asking;
  }

  async #ask(key: string, asker: Asker, wish: Wish): Promise<boolean> {
    try {
      const allowed = await this.#kubernetes.allowed(asker, wish);
      this.#answers.delete(key);
      this.#answers.set(key, { until: this.#clock.now() + (allowed ? ALLOWED : DENIED), allowed });
      for (const oldest of this.#answers.keys()) {
        if (this.#answers.size <= MOST) break;
        this.#answers.delete(oldest);
      }
      return allowed;
    } finally {
      this.#asked.delete(key);
    }
  }
}
