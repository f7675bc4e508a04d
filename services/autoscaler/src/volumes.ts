import type { Clock, Timer } from "@sipmesh/environment";
import { type Context, LoadTable } from "@sipmesh/runtime";
import { type Volume, volumeOf } from "./volume.ts";

/** Milliseconds between two looks at who is there. */
const LOOK = 1000;
/** Milliseconds to listen before anything is told: until then not all who are there need have been heard of. */
const LISTEN = 5000;

export interface VolumesOptions {
  readonly context: Pick<Context, "bus" | "clock" | "cluster">;
  /** Milliseconds. */
  readonly window: number;
  /** Milliseconds. */
  readonly staleAfter: number;
  readonly failed: (error: unknown) => void;
}

/** What each target has to do now: who is there is known by presence, what they do by what they tell. */
export class Volumes {
  readonly #o: VolumesOptions;
  readonly #clock: Clock;
  readonly #table: LoadTable;
  readonly #began: number;
  /** When each instance that is there was seen first. */
  readonly #since = new Map<string, number>();
  #timer: Timer | undefined;

  constructor(options: VolumesOptions) {
    const { context, window, failed } = options;
    this.#o = options;
    this.#clock = context.clock;
    this.#table = new LoadTable({ bus: context.bus, clock: context.clock, window, failed });
    this.#began = context.clock.now();
    this.#look();
  }

  /** Targets of which somebody told of late. */
  get targets(): readonly string[] {
    return [...new Set(this.#table.latest().flatMap(({ targets }) => Object.keys(targets)))].sort();
  }

  get listening(): boolean {
    return this.#clock.now() - this.#began < LISTEN;
  }

  /** Instances that are heard. */
  get heard(): number {
    return this.#table.size;
  }

  of(target: string): Volume {
    if (this.listening) return { known: false, reason: "the autoscaler started just now and listens still" };
    const now = this.#clock.now();
    const tellers = this.#o.context.cluster.instances(target).map(({ id }) => ({
      instance: id,
      since: this.#since.get(id) ?? now,
      reports: this.#table.of(id),
    }));
    return volumeOf(target, tellers, now, this.#o.staleAfter);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#table.close();
  }

  #look(): void {
    const { cluster } = this.#o.context;
    const there = new Set(this.targets.flatMap((target) => cluster.instances(target).map(({ id }) => id)));
    for (const id of this.#since.keys()) if (!there.has(id)) this.#since.delete(id);
    for (const id of there) if (!this.#since.has(id)) this.#since.set(id, this.#clock.now());
    this.#timer = this.#clock.after(LOOK, () => this.#look());
  }
}
