import type { Clock, Timer } from "@sipmesh/environment";
import { type Bucket, Conflict, StoreAway, type Watch } from "@sipmesh/store";

/** How often the holder of a name says that it lives, in milliseconds. */
const BEAT = 30_000;
/** Milliseconds until a store that was away is tried again. */
const AGAIN_AFTER = 500;

interface Holder {
  readonly instance: string;
  readonly incarnation: number;
  /** When it last said that it lives: milliseconds since the epoch. */
  readonly alive: number;
}

export interface ClaimOptions {
  /** The names of relays and who has them. */
  readonly bucket: Bucket;
  readonly clock: Clock;
  readonly name: string;
  readonly instance: string;
  /** Another one has taken the name. */
  readonly lost: (to: string) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Takes the name of a relay: whoever takes it last has it, and with it the sessions that are kept under it. Who had it
 * before is told and lets go.
 */
export class Claim {
  readonly #options: ClaimOptions;
  readonly incarnation: number;
  /** When who had the name before last said that it lived: milliseconds since the epoch. */
  readonly former: number | undefined;
  #watch: Watch | undefined;
  #beat: Timer | undefined;
  #ended = false;

  private constructor(options: ClaimOptions, incarnation: number, former: number | undefined) {
    this.#options = options;
    this.incarnation = incarnation;
    this.former = former;
  }

  /** Waits for as long as the store is away. */
  static async take(options: ClaimOptions): Promise<Claim> {
    const { bucket, clock, name, instance, failed } = options;
    let alive: number | undefined;
    for (;;) {
      try {
        const held = await bucket.get(name);
        const former = held && decode(held.value);
        const incarnation = (former?.incarnation ?? 0) + 1;
        if (former?.instance !== instance) alive = former?.alive;
        const value = encode({ instance, incarnation, alive: clock.now() });
        await (held === undefined ? bucket.create(name, value) : bucket.update(name, value, held.revision));
        const claim = new Claim(options, incarnation, alive);
        await claim.#follow();
        return claim;
      } catch (error) {
        if (error instanceof Conflict) continue;
        if (!(error instanceof StoreAway)) throw error;
        failed(error);
        await new Promise<void>((resolve) => void clock.after(AGAIN_AFTER, resolve));
      }
    }
  }

  close(): void {
    this.#ended = true;
    this.#beat?.cancel();
    this.#watch?.close();
  }

  async #follow(): Promise<void> {
    const { bucket, name } = this.#options;
    this.#watch = await bucket.watch((change) => {
      if (change.key === name && !("removed" in change)) this.#look(decode(change.value));
    });
    this.#keepBeating();
  }

  #look(holder: Holder): void {
    if (this.#ended || holder.incarnation <= this.incarnation) return;
    this.close();
    this.#options.lost(holder.instance);
  }

  #keepBeating(): void {
    if (this.#ended) return;
    this.#beat = this.#options.clock.after(BEAT, () => {
      void this.#tell().finally(() => this.#keepBeating());
    });
  }

  async #tell(): Promise<void> {
    const { bucket, clock, name, instance, failed } = this.#options;
    try {
      const held = await bucket.get(name);
      if (held !== undefined) this.#look(decode(held.value));
      if (this.#ended) return;
      const value = encode({ instance, incarnation: this.incarnation, alive: clock.now() });
      await (held === undefined ? bucket.create(name, value) : bucket.update(name, value, held.revision));
    } catch (error) {
      // Who was faster is told of by the watch; a store that is away is tried again with the next beat.
      if (!(error instanceof Conflict)) failed(error);
    }
  }
}

function encode(holder: Holder): Uint8Array {
  return Buffer.from(JSON.stringify(holder));
}

function decode(bytes: Uint8Array): Holder {
  return JSON.parse(Buffer.from(bytes).toString()) as Holder;
}
