import type { Timer } from "@sipmesh/environment";
import type { TraceContext } from "@sipmesh/proto/flow";
import type { Request } from "@sipmesh/sip";
import type { Owner, ProxyEvent, ProxyTimer, ResponseContext } from "@sipmesh/sip-core";
import type { Span } from "@sipmesh/telemetry";

interface Running {
  readonly owner: Owner;
  readonly branch: number;
  readonly timer: ProxyTimer;
  readonly handle: Timer;
}

/** A response context that is alive here: its state, and what ties it to the world. */
export class Entry {
  /** Of the server transaction. */
  readonly key: string;
  readonly method: string;
  readonly callId: string;
  /** Milliseconds since the epoch. */
  readonly began: number;
  /** A call being set up: an INVITE outside a dialog. */
  readonly isCall: boolean;
  /** Call-ID and CSeq of an INVITE that offers nothing, so that its callee will; else "". */
  readonly withoutOffer: string;
  readonly trace: TraceContext | undefined;
  context: ResponseContext;
  span: Span | undefined;
  /** By branch. */
  legs: (Span | undefined)[] | undefined;
  /** Seconds to keep the caller's flow open by pings: goes with the 200 to its REGISTER. */
  keepAlive = 0;
  /** A call that has no final response yet. */
  settingUp: boolean;
  /** Events that came while one was being worked out. */
  readonly waiting: ProxyEvent[] = [];
  busy = false;
  #timers: Running[] = [];

  constructor(key: string, request: Request, context: ResponseContext, began: number, trace: TraceContext | undefined) {
    this.key = key;
    this.method = request.method;
    this.callId = context.callId;
    this.began = began;
    this.isCall = request.method === "INVITE" && context.route.dialog === undefined;
    this.settingUp = this.isCall;
    const offers = request.method !== "INVITE" || request.body.length > 0;
    this.withoutOffer = offers ? "" : `${context.callId} ${request.cseq.number}`;
    this.trace = trace;
    this.context = context;
  }

  startTimer(owner: Owner, branch: number, timer: ProxyTimer, handle: Timer): void {
    this.stopTimer(owner, branch, timer);
    this.#timers.push({ owner, branch, timer, handle });
  }

  /** Without `timer`: all of that owner. */
  stopTimer(owner: Owner, branch: number, timer?: ProxyTimer): void {
    const timers = this.#timers;
    for (let i = timers.length - 1; i >= 0; i--) {
      const running = timers[i];
      if (running === undefined || running.owner !== owner || running.branch !== branch) continue;
      if (timer !== undefined && running.timer !== timer) continue;
      running.handle.cancel();
      timers.splice(i, 1);
    }
  }

  stopTimers(): void {
    for (const { handle } of this.#timers) handle.cancel();
    this.#timers = [];
  }
}
