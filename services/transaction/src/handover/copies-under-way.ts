import type { Cluster } from "@sipmesh/cluster";
import type { Clock, Timer } from "@sipmesh/environment";

/** Milliseconds for which who is to go on with a call is sent it again, before it is given up. */
export const PERSISTENCE = 10_000;
/** Milliseconds between two looks at what was not confirmed. */
const LOOK = 100;
/** Milliseconds after which a copy is sent again. */
const AGAIN_AFTER = 400;

/** Numbers begin anew after it: by then nothing of that number is under way. */
const LARGEST = 0x3fff_ffff;

/** "refused": the receiver has gone on with the call itself. "unheard": no receipt came in time. */
export type Outcome = "kept" | "refused" | "unheard";

/** A copy that was sent and not confirmed. */
export interface UnderWay<Of> {
  readonly number: number;
  readonly of: Of;
  /** The member that it went to. */
  readonly to: string;
  /** The number of the list by which it was sent. */
  readonly membership: number;
  /** Milliseconds since the epoch after which it counts as unheard. */
  readonly until: number;
  sent: number;
}

export interface CopiesUnderWayOptions<Of> {
  readonly clock: Clock;
  readonly cluster: Cluster;
  /** `again`: no receipt has come. */
  readonly send: (copy: UnderWay<Of>, again: boolean) => void;
  readonly settled: (copy: UnderWay<Of>, outcome: Outcome) => void;
}

/** Copies on their way to other members: sent again until a receipt comes, or for so long and no longer. */
export class CopiesUnderWay<Of> {
  readonly #o: CopiesUnderWayOptions<Of>;
  readonly #copies = new Map<number, UnderWay<Of>>();
  #number = 0;
  #look: Timer | undefined;

  constructor(options: CopiesUnderWayOptions<Of>) {
    this.#o = options;
  }

  get size(): number {
    return this.#copies.size;
  }

  /** Sends a copy. @returns its number: numbers rise */
  send(of: Of, to: string, patience: number): number {
    const { clock, cluster, send } = this.#o;
    this.#number = (this.#number + 1) & LARGEST;
    const now = clock.now();
    const { number: membership } = cluster.membership;
    const copy = { number: this.#number, of, to, membership, until: now + patience, sent: now };
    this.#copies.set(copy.number, copy);
    send(copy, false);
    this.#look ??= clock.after(LOOK, () => this.#lookAgain());
    return copy.number;
  }

  receipt(number: number, outcome: "kept" | "refused"): void {
    const copy = this.#copies.get(number);
    if (copy === undefined) return;
    this.#copies.delete(number);
    this.#o.settled(copy, outcome);
  }

  /** Its copies have become meaningless; nobody is told. */
  drop(where: (copy: UnderWay<Of>) => boolean): void {
    for (const copy of this.#copies.values()) if (where(copy)) this.#copies.delete(copy.number);
  }

  stop(): void {
    this.#look?.cancel();
    this.#copies.clear();
  }

  #lookAgain(): void {
    const { clock, cluster, send, settled } = this.#o;
    const now = clock.now();
    for (const copy of [...this.#copies.values()]) {
      if (copy.until <= now) {
        // Receipts may have come that are yet to be read, or others have gone on with the call.
        if (cluster.doubtful) continue;
        this.#copies.delete(copy.number);
        settled(copy, "unheard");
      } else if (copy.sent + AGAIN_AFTER <= now) {
        copy.sent = now;
        send(copy, true);
      }
    }
    this.#look = this.#copies.size === 0 ? undefined : clock.after(LOOK, () => this.#lookAgain());
  }
}
