import type { Timer } from "@sipmesh/environment";
import type { Draft } from "@sipmesh/sip";
import { rfcTimers, transactionLife } from "@sipmesh/sip-core";
import type { Surroundings } from "./surroundings.ts";
import type { ServerTransaction } from "./transaction-layer.ts";

/** Our 2xx to INVITEs of one dialog, each sent again until its ACK comes, 64·T1 at the longest (section 13.3.1.4). */
export class Unacknowledged {
  readonly #surroundings: Surroundings;
  readonly #gaveUp: () => void;
  /** By the CSeq number of the INVITE. The dialog refuses an INVITE while one waits, so there is one at most. */
  readonly #timers = new Map<number, Timer>();

  /** `gaveUp` is told when an ACK never came. */
  constructor(surroundings: Surroundings, gaveUp: () => void) {
    this.#surroundings = surroundings;
    this.#gaveUp = gaveUp;
  }

  get any(): boolean {
    return this.#timers.size > 0;
  }

  send(transaction: ServerTransaction, draft: Draft): void {
    const timers = this.#surroundings.timers ?? rfcTimers;
    const { clock } = this.#surroundings;
    const { number } = transaction.request.cseq;
    const giveUp = clock.now() + transactionLife(timers);
    const send = (interval: number): void => {
      transaction.respond(draft, 200);
      const again = (): void => {
        if (clock.now() < giveUp) {
          send(Math.min(2 * interval, timers.t2));
          return;
        }
        this.#timers.delete(number);
        this.#gaveUp();
      };
      this.#timers.set(number, clock.after(interval, again));
    };
    send(timers.t1);
  }

  /** The ACK for this CSeq number came. False: none was waited for, or not any more. */
  acknowledged(number: number): boolean {
    this.#timers.get(number)?.cancel();
    return this.#timers.delete(number);
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
