import type { Clock, Random, Timer } from "@sipmesh/environment";
import type { Stream } from "./stream.ts";

/** Milliseconds between two looks at what is left. */
const LOOK = 500;
/** Idle connections are closed within this part of the grace period, so that those that were not idle get their turn. */
const SPREAD = 0.8;
/** Milliseconds after its last message in which a transaction of a connection may be under way: 64·T1 (RFC 3261 §17). */
const UNDER_WAY = 32_000;
/** Milliseconds that a call over it may ring: Timer C is above three minutes (RFC 3261 §16.6 step 11). */
const RINGING = 200_000;

export interface DepartureOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds. */
  readonly grace: number;
  readonly streams: Iterable<Stream> & { readonly size: number };
  /** Whether a call that came in here before then has no final response yet. */
  readonly isSettingUp: (before: number) => boolean;
}

/**
 * How an edge goes. It takes no new connections any more. Each one that it has is closed at a moment of its own, once it is
 * idle: its phone notices and registers elsewhere, and not all do at once. It is over when no connection is left and no call
 * in set-up that was there when it began, or the grace period is.
 *
 * UDP holds nobody back: nothing can be closed, and who has the address next has the flow (RFC 5626 §4.2 is for phones). New
 * calls may come for as long as it is there.
 */
export class Departure {
  /** Resolves when nothing is left, or the time is over. */
  readonly over: Promise<void>;
  readonly #o: DepartureOptions;
  readonly #began: number;
  /** When each connection is to be closed, by its number. */
  readonly #turns = new Map<number, number>();
  #resolve = () => {};
  #look: Timer | undefined;

  constructor(options: DepartureOptions) {
    this.#o = options;
    this.#began = options.clock.now();
    this.over = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#step();
  }

  /** Ends it as it is. */
  stop(): void {
    this.#look?.cancel();
    this.#resolve();
  }

  #step(): void {
    const { clock, grace, streams, isSettingUp } = this.#o;
    const now = clock.now();
    if (now - this.#began >= grace) {
      this.stop();
      return;
    }
    let left = 0;
    for (const stream of streams) {
      if (now >= this.#turnOf(stream) && isIdle(stream, now)) stream.finish("leaving");
      if (stream.ending === undefined) left += 1;
    }
    if (left === 0 && !isSettingUp(this.#began)) this.stop();
    else this.#look = clock.after(Math.min(LOOK, grace), () => this.#step());
  }

  #turnOf(stream: Stream): number {
    const { random, grace } = this.#o;
    const { connection } = stream.flow;
    let turn = this.#turns.get(connection);
    if (turn === undefined) {
      turn = this.#began + random.integer(Math.max(1, Math.floor(grace * SPREAD)));
      this.#turns.set(connection, turn);
    }
    return turn;
  }
}

/** Whether nothing is under way over a connection: a keep-alive is nothing. */
function isIdle({ lastMessage, lastInvite }: Stream, now: number): boolean {
  return now - lastMessage > UNDER_WAY && now - lastInvite > RINGING;
}
