import type { Draft, Request, Response } from "@sipmesh/sip";
import { fromDraft, request, response } from "@sipmesh/sip";
import type { Step } from "../step.ts";
import type { TimerName, TransactionEffect } from "../transaction/effects.ts";

/** Plays a transaction under a clock of its own, and writes down what it does: "500 send INVITE". For tests. */
export class Stage<S extends { readonly state: string }, E> {
  now = 0;
  state: S;
  readonly log: string[] = [];
  readonly sent: Draft[] = [];
  readonly #receive: (state: S, event: E | { type: "timer"; timer: TimerName }) => Step<S, TransactionEffect>;
  readonly #timers = new Map<TimerName, number>();

  constructor(
    start: Step<S, TransactionEffect>,
    receive: (state: S, event: E | { type: "timer"; timer: TimerName }) => Step<S, TransactionEffect>,
  ) {
    this.#receive = receive;
    this.state = start.state;
    this.#perform(start.effects);
  }

  get timers(): TimerName[] {
    return [...this.#timers.keys()];
  }

  event(event: E): this {
    return this.#take(event);
  }

  /** Lets time pass: timers fire when they are due, in order. */
  until(time: number): this {
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a[1] - b[1])[0];
      if (next === undefined || next[1] > time) break;
      this.#timers.delete(next[0]);
      this.now = next[1];
      this.#take({ type: "timer", timer: next[0] });
    }
    this.now = Math.max(this.now, time);
    return this;
  }

  #take(event: E | { type: "timer"; timer: TimerName }): this {
    const before = this.state.state;
    const { state, effects } = this.#receive(this.state, event);
    this.state = state;
    this.#perform(effects);
    if (state.state !== before) this.log.push(`${this.now} → ${state.state}`);
    return this;
  }

  #perform(effects: readonly TransactionEffect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case "start":
          this.#timers.set(effect.timer, this.now + effect.after);
          break;
        case "stop":
          this.#timers.delete(effect.timer);
          break;
        case "send":
          this.sent.push(effect.message);
          this.log.push(`${this.now} send ${word(effect.message.head)}`);
          break;
        case "pass":
          this.log.push(`${this.now} pass ${word(effect.message.head)}`);
          break;
        case "failed":
          this.log.push(`${this.now} failed: ${effect.cause}`);
          break;
        case "terminated":
          this.#timers.clear();
          break;
        default:
          effect satisfies never;
      }
    }
  }
}

/** The method, or the status. */
function word(head: string): string {
  const [first, second] = head.split(" ", 2);
  return (first === "SIP/2.0" ? second : first) ?? "";
}

export function requestOf(method: string, changes: Partial<Parameters<typeof request>[0]> = {}): Request {
  return fromDraft(draftOf(method, changes)) as Request;
}

export function draftOf(method: string, changes: Partial<Parameters<typeof request>[0]> = {}): Draft {
  return request({
    method,
    uri: "sip:bob@biloxi.com",
    via: "SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds",
    from: "Alice <sip:alice@atlanta.com>;tag=1928301774",
    to: "Bob <sip:bob@biloxi.com>",
    callId: "a84b4c76e66710@pc33.atlanta.com",
    cseq: 314159,
    ...changes,
  });
}

export function responseTo(request: Request, status: number, options: Parameters<typeof response>[2] = {}): Response {
  return fromDraft(
    response(request, status, { ...(status > 100 ? { toTag: "a6c85cf" } : {}), ...options }),
  ) as Response;
}
