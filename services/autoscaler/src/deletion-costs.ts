import type { Clock, Timer } from "@sipmesh/environment";
import type { Kubernetes } from "./kubernetes.ts";

/** Pods that are written to in one go at most; the rest the next time. */
const MOST_WRITES = 200;

export interface DeletionCostsOptions {
  readonly kubernetes: Pick<Kubernetes, "pods" | "setDeletionCost">;
  readonly clock: Clock;
  /** Labels of the pods that may be written to. */
  readonly selector: string;
  /** Milliseconds between two writings. */
  readonly interval: number;
  /** One member of all writes. Where two think it is theirs both write the same. */
  readonly mine: () => boolean;
  readonly ranks: () => ReadonlyMap<string, number>;
  readonly written: (pods: number) => void;
  readonly failed: (error: unknown) => void;
}

/** Writes pod-deletion-cost where ranks changed. Advice to the ReplicaSet: nothing depends on it. */
export class DeletionCosts {
  readonly #o: DeletionCostsOptions;
  #timer: Timer | undefined;
  #last = "";
  #stopped = false;

  constructor(options: DeletionCostsOptions) {
    this.#o = options;
    this.#next();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #next(): void {
    const { clock, interval } = this.#o;
    if (!this.#stopped) this.#timer = clock.after(interval, () => void this.#round());
  }

  async #round(): Promise<void> {
    const ranks = this.#o.ranks();
    const text = JSON.stringify([...ranks].sort());
    try {
      if (!this.#o.mine()) this.#last = "";
      else if (text !== this.#last) this.#last = (await this.#write(ranks)) ? text : "";
    } catch (error) {
      this.#last = "";
      this.#o.failed(error);
    }
    this.#next();
  }

  /** False where more is to be written. */
  async #write(ranks: ReadonlyMap<string, number>): Promise<boolean> {
    const { kubernetes, selector, written } = this.#o;
    const there = await kubernetes.pods(selector);
    const wrong = [...ranks].filter(([pod, rank]) => there.has(pod) && (there.get(pod) ?? "0") !== String(rank));
    let count = 0;
    try {
      for (const [pod, rank] of wrong.slice(0, MOST_WRITES)) {
        if (this.#stopped) return false;
        await kubernetes.setDeletionCost(pod, String(rank));
        count += 1;
      }
    } finally {
      if (count > 0) written(count);
    }
    return wrong.length <= MOST_WRITES;
  }
}
