import type { Confirm, Confirmations } from "@sipmesh/bus";
import type { Clock } from "@sipmesh/environment";
import type { TraceContext } from "@sipmesh/proto/flow";
import { type Flow, isRequest, MessageError, Name, type Request, type Response } from "@sipmesh/sip";
import {
  inviteKeyOf,
  isAcceptance,
  type ProxyEffect,
  type ProxyEvent,
  type ProxyTools,
  proxy,
  resumeProxy,
  serverTransactionKey,
  startProxy,
  upstreamTransactionKey,
} from "@sipmesh/sip-core";
import type { Log } from "@sipmesh/telemetry";
import type { TransactionConfig } from "./config.ts";
import { Entry } from "./entry.ts";
import type { CallState } from "./handover/call-state.ts";
import type { Calls } from "./handover/calls.ts";
import { Elsewhere } from "./handover/elsewhere.ts";
import type { Handover } from "./handover/handover.ts";
import { isOutput, isRefusal, isRepetition, speaks } from "./handover/material.ts";
import { type Measures, outcomeOf } from "./measures.ts";
import type { Observer } from "./observer.ts";
import { type Effect, Performer, type PerformerOptions } from "./performer.ts";
import type { Stateless } from "./stateless.ts";
import type { Table } from "./table.ts";
import { type Running, Timers } from "./timers.ts";

export interface TransactionsOptions extends Omit<PerformerOptions, "feed" | "startTimer" | "answered" | "end"> {
  readonly clock: Clock;
  readonly config: TransactionConfig;
  readonly tools: ProxyTools;
  readonly table: Table;
  readonly stateless: Stateless;
  readonly observer: Observer;
  readonly measures: Measures;
  readonly log: Log;
  /** Tells edges what they need not send again. */
  readonly confirmations: Confirmations;
  /** Keeps the calls alive beyond this process. */
  readonly handover: (calls: Calls) => Handover;
}

/** How much of the table those may take who proved nothing and wait to be forgotten. */
const TURNED_AWAY_SHARE = 1 / 4;

/**
 * The response contexts of the calls that are owned here: finds the context that a message is for, and has it take one
 * event after the other. What a context asks of the world the performer does; what the world says comes back as an event.
 */
export class Transactions implements Calls {
  readonly handover: Handover;
  readonly #o: TransactionsOptions;
  readonly #performer: Performer;
  /** Who proved nothing and was told so, and has not acknowledged it; the oldest first. */
  readonly #turnedAway = new Set<Entry>();
  readonly #timersOf: (entry: Entry) => Timers<Entry>;

  constructor(options: TransactionsOptions) {
    this.#o = options;
    const fire = (entry: Entry, { owner, branch, timer }: Running) =>
      this.#feed(entry, { type: "timer", owner, branch, timer });
    this.#timersOf = (entry) => new Timers(options.clock, fire, entry);
    this.#performer = new Performer({
      ...options,
      feed: (entry, event) => this.#feed(entry, event),
      startTimer: (entry, effect) => this.#startTimer(entry, effect),
      answered: (entry, status) => this.#answered(entry, status),
      end: (entry) => this.#end(entry),
    });
    this.handover = options.handover(this);
  }

  /** Something is known here of the transaction that a message belongs to. */
  knows(message: Request | Response): boolean {
    const { table } = this.#o;
    if (!isRequest(message)) return table.client(message.via.branch ?? "") !== undefined;
    return table.server(keyOf(message)) !== undefined;
  }

  /**
   * The transaction that a message belongs to was here, and another member has gone on with it: to begin it anew would have
   * phones ring again, and the caller hear of a call that is answered that it is tried. A 2xx is not lost for that.
   */
  isPassedOn(message: Request | Response): boolean {
    if (!this.handover.mayAsk || this.knows(message)) return false;
    if (isRequest(message)) return message.method !== "ACK" && this.handover.isPassedOn(keyOf(message));
    const key = isAcceptance(message) ? undefined : upstreamTransactionKey(message);
    return key !== undefined && this.handover.isPassedOn(key);
  }

  entries(): Iterable<Entry> {
    return this.#o.table.entries();
  }

  find(key: string): Entry | undefined {
    return this.#o.table.server(key);
  }

  adopt(state: CallState, since: number): Entry {
    const { clock, table, tools, measures, observer } = this.#o;
    const { key, method, age, keepAlive, withoutOffer, trace, context, timers } = state;
    const facts = { key, method, began: clock.now() - age, since, withoutOffer, trace };
    const entry = new Entry(facts, context, this.#timersOf);
    entry.keepAlive = keepAlive;
    table.add(entry);
    for (const [index, branch] of context.branches.entries()) {
      if (branch.client !== undefined) table.addClient(entry, index, branch.id);
    }
    if (entry.settingUp) measures.settingUp++;
    observer.adopted(entry);
    for (const { owner, branch, timer, after } of timers) entry.timers.start(owner, branch, timer, after);
    entry.busy = true;
    this.#try(entry, "handover", () => {
      const step = resumeProxy(context, tools);
      entry.context = step.state;
      this.#resume(entry, step.effects);
    });
    this.#settle(entry);
    return entry;
  }

  /**
   * What is said again rests on the state, too, and waits until a copy of it is kept: who was asleep, and was taken for dead
   * meanwhile, is told by the refusal that the call has gone on.
   */
  #resume(entry: Entry, effects: readonly ProxyEffect[]): void {
    if (this.handover.copies(entry)) entry.elsewhere = new Elsewhere();
    for (const effect of effects) {
      if (entry.elsewhere !== undefined && speaks(effect)) entry.elsewhere.outbox.push({ effect, after: undefined });
      else this.#performer.do(entry, effect);
    }
  }

  letGo(entry: Entry, kept: boolean): void {
    if (!kept) entry.unconfirmed = undefined;
    this.handover.gone(entry);
    this.#forget(entry, false);
  }

  release(entry: Entry, number: number, refusals: boolean): void {
    const { elsewhere } = entry;
    if (elsewhere === undefined) return;
    const { outbox } = elsewhere;
    elsewhere.confirmed = Math.max(elsewhere.confirmed, number);
    while (outbox[0] !== undefined && (outbox[0].after ?? number) <= number) {
      if (!refusals && isRefusal(outbox[0].effect)) break;
      const { effect } = outbox.shift() as (typeof outbox)[number];
      this.#try(entry, effect.type, () => this.#performer.do(entry, effect));
    }
    this.#confirm(entry);
  }

  /**
   * A message of a call that is owned here. It is confirmed once nothing of what it led to would be lost with this
   * process. Throws what a malformed message throws.
   */
  receive(message: Request | Response, flow: Flow, trace: TraceContext | undefined, confirm?: Confirm): void {
    const entry = this.#find(message, flow, trace);
    if (confirm === undefined) return;
    if (entry === undefined || entry.gone) {
      this.#o.confirmations.confirm(confirm);
      return;
    }
    entry.unconfirmed ??= [];
    entry.unconfirmed.push(confirm);
    this.#confirm(entry);
  }

  /** Has the context of a message take it; without one the message was dealt with. */
  #find(message: Request | Response, flow: Flow, trace: TraceContext | undefined): Entry | undefined {
    if (!isRequest(message)) return this.#response(message, flow, trace);
    if (message.method === "ACK") return this.#ack(message, flow);
    if (message.method === "CANCEL") return this.#cancel(message, flow);
    return this.#request(message, flow, trace);
  }

  #confirm(entry: Entry): void {
    if (entry.unconfirmed === undefined || (!entry.gone && !this.handover.isSafe(entry))) return;
    for (const confirm of entry.unconfirmed) this.#o.confirmations.confirm(confirm);
    entry.unconfirmed = undefined;
  }

  /** A message that was sent with this key did not leave. */
  unsent(key: string): void {
    const { table, measures } = this.#o;
    const place = table.client(key);
    const entry = place?.entry ?? table.server(key);
    if (entry === undefined) measures.dropped("late");
    else if (place === undefined) this.#feed(entry, { type: "unsent", owner: "server", branch: -1 });
    else this.#unsentDownstream(entry, place.branch);
  }

  /** A connection that is gone may have been followed by another one: its phone has registered since. */
  #unsentDownstream(entry: Entry, branch: number): void {
    const unsent = { type: "unsent", owner: "client", branch } as const;
    const looking = this.#performer.registeredSince(entry, branch);
    if (looking === undefined) this.#feed(entry, unsent);
    else void looking.then((instead) => this.#feed(entry, instead === undefined ? unsent : { ...unsent, instead }));
  }

  /** Ends every timer; nothing is sent any more. */
  stop(): void {
    this.handover.stop();
    for (const entry of this.#o.table.entries()) {
      entry.timers.stopAll();
      this.#o.observer.ended(entry);
    }
  }

  #request(message: Request, flow: Flow, trace: TraceContext | undefined): Entry | undefined {
    const { table, measures, stateless, clock, observer, tools } = this.#o;
    const key = serverTransactionKey(message);
    const known = table.server(key);
    if (known !== undefined) {
      measures.received.add();
      this.#feed(known, { type: "request", flow });
      return known;
    }
    if (table.full) {
      measures.overload.add();
      stateless.answer(message, flow, 503, this.#retryAfter());
      return undefined;
    }
    const { state, effects } = startProxy(message, flow, this.#descriptionOf(message), tools);
    const ofCall = state.inDialog ? observer.traceOf(state.callId, state.callerTag) : trace;
    const facts = {
      key,
      method: message.method,
      began: clock.now(),
      since: this.handover.membership,
      withoutOffer: offersNothing(message) ? `${message.callId} ${message.cseq.number}` : "",
      trace: ofCall,
    };
    const entry = new Entry(facts, state, this.#timersOf);
    table.add(entry);
    measures.begun("server", message.method);
    if (entry.isCall) measures.callBegun();
    observer.begin(entry, message, flow);
    entry.busy = true;
    this.#try(entry, message.method, () => this.#perform(entry, effects));
    this.#settle(entry);
    return entry;
  }

  /** RFC 3262 section 5: a PRACK answers where its INVITE has offered nothing. */
  #descriptionOf(message: Request): "offer" | "answer" {
    if (message.method !== "PRACK") return "offer";
    const [, cseq] = (message.first(Name.RAck) ?? "").split(/[ \t]+/);
    return this.#o.table.askedForOffer(message.callId, Number(cseq)) ? "answer" : "offer";
  }

  #ack(message: Request, flow: Flow): Entry | undefined {
    const entry = this.#o.table.server(inviteKeyOf(message));
    if (entry === undefined) this.#o.stateless.ack(message, flow);
    else this.#feed(entry, { type: "ack", message });
    return entry;
  }

  #cancel(message: Request, flow: Flow): Entry | undefined {
    const entry = this.#o.table.server(inviteKeyOf(message));
    if (entry === undefined) this.#o.stateless.answer(message, flow, 481);
    else this.#feed(entry, { type: "cancel", message, flow });
    return entry;
  }

  #response(message: Response, flow: Flow, trace: TraceContext | undefined): Entry | undefined {
    const { table, stateless, measures } = this.#o;
    const place = table.client(message.via.branch ?? "");
    const { method } = message.cseq;
    if (place === undefined || (method !== place.entry.method && method !== "CANCEL")) {
      if (this.#isLate(message)) measures.dropped("late");
      else stateless.response(message, flow, trace);
      return undefined;
    }
    this.#feed(place.entry, { type: "response", branch: place.branch, message, source: flow.remote.address });
    return place.entry;
  }

  /**
   * Its client transaction is over: it was dealt with, here or by a former owner, and comes again. Or the caller has a final
   * response: no other follows but a 2xx to an INVITE (RFC 3261 section 16.7 item 5), and no provisional one.
   */
  #isLate(message: Response): boolean {
    if (isAcceptance(message)) return false;
    const key = upstreamTransactionKey(message);
    if (key === undefined) return false;
    const entry = this.#o.table.server(key);
    if (entry === undefined) return this.handover.isOver(key);
    const { answered, branches } = entry.context;
    return answered !== 0 || branches.some(({ id }) => id === message.via.branch);
  }

  /** One event after the other: what an event leads to at once waits until it is worked out itself. */
  #feed(entry: Entry, event: ProxyEvent): void {
    if (entry.gone || entry.elsewhere?.leaving !== undefined) return;
    if (entry.busy) {
      entry.waiting ??= [];
      entry.waiting.push(event);
      return;
    }
    entry.busy = true;
    this.#take(entry, event);
    this.#settle(entry);
  }

  #settle(entry: Entry): void {
    for (let event = entry.waiting?.shift(); event !== undefined; event = entry.waiting?.shift()) {
      this.#take(entry, event);
    }
    entry.busy = false;
    this.#confirm(entry);
  }

  #take(entry: Entry, event: ProxyEvent): void {
    const { observer, tools } = this.#o;
    this.#try(entry, event.type, () => {
      observer.came(entry, event);
      const { state, effects } = proxy(entry.context, event, tools);
      entry.context = state;
      this.#perform(entry, effects);
    });
  }

  /** A context in which something broke is answered and let go of: 400 where its message was at fault, else 500. */
  #try(entry: Entry, what: string, run: () => void): void {
    const { measures, log, stateless } = this.#o;
    try {
      run();
    } catch (error) {
      measures.exception("transaction");
      log.error({ err: error, callId: entry.callId, trace: entry.trace, what }, "A transaction could not go on.");
      const { request, flow, answered } = entry.context;
      const status = error instanceof MessageError ? error.problem.status : 500;
      const unanswered = request !== undefined && answered === 0;
      if (unanswered) this.#answered(entry, status);
      this.#end(entry, true);
      if (unanswered) stateless.answer(request, flow, status);
    }
  }

  /** What the step says waits until a copy of its state is kept elsewhere, and does not overtake what waits already. */
  #perform(entry: Entry, effects: readonly ProxyEffect[]): void {
    const { handover } = this;
    const waits = entry.elsewhere !== undefined && entry.elsewhere.outbox.length > 0;
    if (handover.covers(entry, effects) || (waits && effects.some(isOutput))) {
      entry.elsewhere ??= new Elsewhere();
      const { outbox } = entry.elsewhere;
      for (const effect of effects) {
        if (isOutput(effect)) outbox.push({ effect, after: undefined });
        else if (outbox.length === 0 || !isRepetition(effect)) this.#performer.do(entry, effect);
      }
      handover.copy(entry);
    } else {
      for (const effect of effects) if (!waits || !isRepetition(effect)) this.#performer.do(entry, effect);
    }
    handover.stepped(entry);
  }

  /**
   * RFC 3261 section 26.3.2.4: who proved nothing hears of it when he asks, not again and again. A forged source would
   * else be sent our retransmissions, and a flood of such calls fill the table: of them the oldest is forgotten.
   */
  #startTimer(entry: Entry, { owner, branch, timer, after }: Effect<"start">): void {
    const unproved = entry.turnedAway && owner === "server";
    if (unproved && timer === "G") return;
    entry.timers.start(owner, branch, timer, after);
    if (!unproved || timer !== "H") return;
    this.#turnedAway.add(entry);
    if (this.#turnedAway.size <= this.#o.config.limits.transactions * TURNED_AWAY_SHARE) return;
    const [oldest = entry] = this.#turnedAway;
    this.#end(oldest);
  }

  #answered(entry: Entry, status: number): void {
    const { measures, observer, clock, log } = this.#o;
    measures.answered(entry.method, status);
    observer.answered(entry, status);
    const about = { callId: entry.callId, trace: entry.trace, method: entry.method, status };
    if (status >= 500) log.warn(about, "A request failed.");
    else log.debug(about, "A request was answered.");
    if (!entry.settingUp) return;
    entry.settingUp = false;
    measures.settingUp--;
    measures.called(outcomeOf(status), clock.now() - entry.began);
  }

  #end(entry: Entry, unforeseen = false): void {
    if (entry.gone) return;
    this.handover.ended(entry, unforeseen);
    this.#forget(entry, true);
  }

  #forget(entry: Entry, ended: boolean): void {
    const { table, observer, measures } = this.#o;
    entry.gone = true;
    entry.timers.stopAll();
    entry.waiting = undefined;
    table.remove(entry);
    this.#turnedAway.delete(entry);
    if (entry.settingUp) measures.settingUp--;
    entry.settingUp = false;
    if (ended) observer.ended(entry);
    else observer.handedOver(entry);
    this.#confirm(entry);
  }

  #retryAfter(): readonly (readonly [string, string])[] {
    return [["Retry-After", String(this.#o.config.retryAfter)]];
  }
}

/** An INVITE that has its callee make the offer (RFC 3261 section 13.2.1). */
function offersNothing(message: Request): boolean {
  return message.method === "INVITE" && message.body.length === 0;
}

/** Of the transaction that a request belongs to: of ACK and CANCEL that is the INVITE's. */
function keyOf(request: Request): string {
  const ofInvite = request.method === "ACK" || request.method === "CANCEL";
  return ofInvite ? inviteKeyOf(request) : serverTransactionKey(request);
}
