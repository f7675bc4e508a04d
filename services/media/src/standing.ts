import type { Cluster } from "@sipmesh/cluster";
import type { Clock, Timer } from "@sipmesh/environment";

/** How often the load is looked at, in milliseconds. */
const LOOK = 500;
/** Load is told in steps, because everybody takes notice of each. */
const STEP = 1 / 8;
/** How far it must fall below a step for the next lower one: it would go back and forth otherwise. */
const BACK = 1 / 16;

/** The step that is told for a load, where `told` was told before: both from 0 to 1. */
export function stepOf(load: number, told: number): number {
  if (load >= told && load < told + STEP) return told;
  if (load < told && load > told - BACK) return told;
  return Math.min(1, Math.floor(load / STEP) * STEP);
}

/** Tells the others that this relay is there, and how much it has to do. */
export class Standing {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #name: { readonly name: string; readonly incarnation: number };
  readonly #load: () => number;
  #told = 0;
  #look: Timer | undefined;

  /** @param load from 0 to 1; at 1 it wants no new calls */
  constructor(
    cluster: Cluster,
    clock: Clock,
    name: { readonly name: string; readonly incarnation: number },
    load: () => number,
  ) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#name = name;
    this.#load = load;
    this.#tell(stepOf(load(), 0));
    this.#keepLooking();
  }

  /** Tells it now rather than with the next look. */
  look(): void {
    const step = stepOf(this.#load(), this.#told);
    if (step !== this.#told) this.#tell(step);
  }

  close(): void {
    this.#look?.cancel();
  }

  #keepLooking(): void {
    this.#look = this.#clock.after(LOOK, () => {
      this.look();
      this.#keepLooking();
    });
  }

  #tell(load: number): void {
    this.#told = load;
    this.#cluster.announce({ relay: { ...this.#name, load } });
  }
}
