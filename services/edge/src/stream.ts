import { latin1 } from "@sipmesh/environment";
import { type Address, type Flow, type Limits, StreamFramer } from "@sipmesh/sip";
import type { Connection } from "@sipmesh/transport";

/** Why a connection ended. */
export type Ending = "peer" | "error" | "idle" | "unproven" | "slow" | "malformed" | "queue" | "leaving" | "stop";

/** Messages that may wait for a connection to be opened. */
const WAITING = 1000;

/** One TCP connection: its flow, its framing, and how long it may be silent. Times in milliseconds of the clock. */
export class Stream {
  readonly flow: Flow;
  readonly accepted: boolean;
  readonly framer: StreamFramer;
  readonly since: number;
  connection: Connection | undefined;
  /** A valid message came, or the connection is one that we opened. */
  proven: boolean;
  opened: boolean;
  lastActive: number;
  /** When the last message went over it, in either direction, and the last INVITE. */
  lastMessage: number;
  lastInvite = Number.NEGATIVE_INFINITY;
  /** When the first byte of the message came that is not complete yet. */
  incompleteSince: number | undefined;
  ending: Ending | undefined;
  /** Whom to tell that what was written before the connection stood is lost. */
  readonly waiting: ((reason: string) => void)[] = [];

  constructor(flow: Flow, accepted: boolean, limits: Limits, now: number) {
    this.flow = flow;
    this.accepted = accepted;
    this.framer = new StreamFramer(latin1.decode, limits);
    this.since = now;
    this.proven = !accepted;
    this.opened = accepted;
    this.lastActive = now;
    this.lastMessage = now;
  }

  get remote(): Address {
    return this.flow.remote;
  }

  /** A message went over it. */
  carried(isInvite: boolean, now: number): void {
    this.lastMessage = now;
    if (isInvite) this.lastInvite = now;
  }

  /**
   * Writes a message. A queue that is full ends the connection: a stream with a hole is of no use to a peer that does
   * not read anyway.
   * @param lost is told where the connection never comes to stand
   * @returns why it could not be written
   */
  write(bytes: Uint8Array, now: number, lost: (reason: string) => void): string | undefined {
    const { connection } = this;
    if (connection === undefined || this.ending !== undefined) return "flow-gone";
    if ((!this.opened && this.waiting.length >= WAITING) || !connection.write(bytes)) {
      this.end("queue");
      return "queue";
    }
    if (!this.opened) this.waiting.push(lost);
    this.lastActive = now;
    return undefined;
  }

  /** Closes at once. */
  end(ending: Ending): void {
    this.ending ??= ending;
    this.connection?.destroy();
  }

  /** Closes once what is queued is written. */
  finish(ending: Ending): void {
    this.ending ??= ending;
    this.connection?.close();
  }
}
