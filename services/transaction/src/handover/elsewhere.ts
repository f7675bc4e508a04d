import type { ProxyEffect } from "@sipmesh/sip-core";
import type { Remaining } from "./call-state.ts";

/** Something to say that waits until a copy of the state it rests on is kept by another member. */
export interface Waiting {
  readonly effect: ProxyEffect;
  /** The number of that copy; absent until it is sent, at the end of the step. */
  after: number | undefined;
}

/** What other members have of a call, or are to have. */
export class Elsewhere {
  /** The number of the latest copy; 0: none yet. */
  copied = 0;
  /** The latest number that was confirmed, or is not waited for any more. */
  confirmed = 0;
  /** The member that it went to. */
  successor: string | undefined;
  readonly outbox: Waiting[] = [];

  /** Nothing rests here alone. */
  get safe(): boolean {
    return this.confirmed >= this.copied && this.outbox.length === 0;
  }

  /** It belongs to another member: nothing happens to it here any more. */
  leaving: Leaving | undefined;
}

export interface Leaving {
  /** The number of the copy that hands it over, 0 before there is one; once that is kept the call is forgotten here. */
  number: number;
  to: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The timers that ran then. */
  readonly timers: readonly Remaining[];
}
