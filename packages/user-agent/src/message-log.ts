import type { Draft, Message } from "@sipmesh/sip";
import { fromDraft } from "@sipmesh/sip";
import type { Peer } from "./peer.ts";

/** A SIP message that a user agent sent or received. */
export interface LoggedMessage {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly direction: "sent" | "received";
  /** The start line. */
  readonly line: string;
  readonly peer: Peer;
  readonly callId: string;
  /** "314159 INVITE" */
  readonly cseq: string;
  /** Of the topmost Via. */
  readonly branch: string;
  /** The same message was sent or received before. */
  readonly again: boolean;
}

/** Remembers the latest messages of a user agent, bounded. */
export class MessageLog {
  readonly #capacity: number;
  readonly #entries: LoggedMessage[] = [];
  readonly #sent = new WeakSet<Draft>();
  /** Of the messages received lately. */
  readonly #seen = new Set<string>();
  readonly #listeners = new Set<(entry: LoggedMessage) => void>();

  constructor(capacity = 4096) {
    this.#capacity = capacity;
  }

  get entries(): readonly LoggedMessage[] {
    return this.#entries;
  }

  listen(run: (entry: LoggedMessage) => void): { close(): void } {
    this.#listeners.add(run);
    return { close: () => this.#listeners.delete(run) };
  }

  sent(time: number, draft: Draft, peer: Peer): void {
    const again = this.#sent.has(draft);
    this.#sent.add(draft);
    this.#add(time, "sent", fromDraft(draft), peer, again);
  }

  received(time: number, message: Message, peer: Peer): void {
    const name = `${message.via.branch} ${message.head.slice(0, message.head.indexOf("\r\n"))} ${message.to.tag}`;
    const again = this.#seen.has(name);
    this.#seen.add(name);
    if (this.#seen.size > this.#capacity) this.#seen.delete(this.#seen.values().next().value ?? name);
    this.#add(time, "received", message, peer, again);
  }

  #add(time: number, direction: LoggedMessage["direction"], message: Message, peer: Peer, again: boolean): void {
    const line = message.head.slice(0, message.head.indexOf("\r\n"));
    const cseq = `${message.cseq.number} ${message.cseq.method}`;
    const { transport, address, port } = peer;
    const entry: LoggedMessage = {
      time,
      direction,
      line,
      peer: { transport, address, port },
      callId: message.callId,
      cseq,
      branch: message.via.branch ?? "",
      again,
    };
    this.#entries.push(entry);
    if (this.#entries.length > this.#capacity) this.#entries.shift();
    for (const listener of this.#listeners) listener(entry);
  }
}
