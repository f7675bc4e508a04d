import type { Clock } from "@sipmesh/environment";
import type { TraceContext } from "@sipmesh/proto/flow";
import type { RouteDecision } from "@sipmesh/proto/routing";
import { RpcError } from "@sipmesh/rpc";
import { type Flow, isRequest, MessageError, Name, type Request, type Response } from "@sipmesh/sip";
import {
  inviteKeyOf,
  type ProxyEffect,
  type ProxyEvent,
  type ProxyTools,
  proxy,
  serverTransactionKey,
  startProxy,
} from "@sipmesh/sip-core";
import type { Log } from "@sipmesh/telemetry";
import type { TransactionConfig } from "./config.ts";
import { challengeAnswer, redirectAnswer, replyAnswer, targetsOf } from "./decisions.ts";
import type { Edges } from "./edges.ts";
import { Entry } from "./entry.ts";
import { type Measures, outcomeOf } from "./measures.ts";
import { type Found, nextHop } from "./next-hop.ts";
import type { Observer } from "./observer.ts";
import { mediaStatusOf, type Questions, statusOf } from "./questions.ts";
import type { Sender } from "./sender.ts";
import type { Stateless } from "./stateless.ts";
import type { Table } from "./table.ts";
import { type Running, Timers } from "./timers.ts";

export interface TransactionsOptions {
  readonly clock: Clock;
  readonly config: TransactionConfig;
  readonly tools: ProxyTools;
  readonly edges: Edges;
  readonly table: Table;
  readonly questions: Questions;
  readonly sender: Sender;
  readonly stateless: Stateless;
  readonly observer: Observer;
  readonly measures: Measures;
  readonly log: Log;
}

/** How much of the table those may take who proved nothing and wait to be forgotten. */
const TURNED_AWAY_SHARE = 1 / 4;

type Effect<T extends ProxyEffect["type"]> = Extract<ProxyEffect, { type: T }>;

/**
 * The response contexts of the calls that are owned here. Everything that a context asks of the world is done here and
 * nowhere else; everything that the world says comes back to it as an event.
 */
export class Transactions {
  readonly #o: TransactionsOptions;

  /** Who proved nothing and was told so, and has not acknowledged it; the oldest first. */
  readonly #turnedAway = new Set<Entry>();
  readonly #timersOf: (entry: Entry) => Timers<Entry>;

  constructor(options: TransactionsOptions) {
    this.#o = options;
    const fire = (entry: Entry, { owner, branch, timer }: Running) =>
      this.#feed(entry, { type: "timer", owner, branch, timer });
    this.#timersOf = (entry) => new Timers(options.clock, fire, entry);
  }

  /** A message of a call that is owned here. Throws what a malformed message throws. */
  receive(message: Request | Response, flow: Flow, trace: TraceContext | undefined): void {
    if (!isRequest(message)) this.#response(message, flow, trace);
    else if (message.method === "ACK") this.#ack(message, flow);
    else if (message.method === "CANCEL") this.#cancel(message, flow);
    else this.#request(message, flow, trace);
  }

  /** A message that was sent with this key did not leave. */
  unsent(key: string): void {
    const { table, measures } = this.#o;
    const place = table.client(key);
    const entry = place?.entry ?? table.server(key);
    if (entry === undefined) measures.dropped("late");
    else if (place === undefined) this.#feed(entry, { type: "unsent", owner: "server", branch: -1 });
    else this.#feed(entry, { type: "unsent", owner: "client", branch: place.branch });
  }

  /** Ends every timer; nothing is sent any more. */
  stop(): void {
    for (const entry of this.#o.table.entries()) {
      entry.timers.stopAll();
      this.#o.observer.ended(entry);
    }
  }

  #request(message: Request, flow: Flow, trace: TraceContext | undefined): void {
    const { table, measures, stateless, clock, observer, tools } = this.#o;
    const key = serverTransactionKey(message);
    const known = table.server(key);
    if (known !== undefined) {
      measures.received.add();
      this.#feed(known, { type: "request" });
      return;
    }
    if (table.full) {
      measures.overload.add();
      stateless.answer(message, flow, 503, this.#retryAfter());
      return;
    }
    const { state, effects } = startProxy(message, flow, this.#descriptionOf(message), tools);
    const ofCall = state.inDialog ? observer.traceOf(state.callId, state.callerTag) : trace;
    const entry = new Entry(key, message, state, clock.now(), ofCall, this.#timersOf);
    table.add(entry);
    measures.begun("server", message.method);
    if (entry.isCall) measures.settingUp++;
    observer.begin(entry, message, flow);
    entry.busy = true;
    this.#try(entry, message.method, () => this.#perform(entry, effects));
    this.#settle(entry);
  }

  /** RFC 3262 section 5: a PRACK answers where its INVITE has offered nothing. */
  #descriptionOf(message: Request): "offer" | "answer" {
    if (message.method !== "PRACK") return "offer";
    const [, cseq] = (message.first(Name.RAck) ?? "").split(/[ \t]+/);
    return this.#o.table.askedForOffer(message.callId, Number(cseq)) ? "answer" : "offer";
  }

  #ack(message: Request, flow: Flow): void {
    const entry = this.#o.table.server(inviteKeyOf(message));
    if (entry === undefined) this.#o.stateless.ack(message, flow);
    else this.#feed(entry, { type: "ack", message });
  }

  #cancel(message: Request, flow: Flow): void {
    const entry = this.#o.table.server(inviteKeyOf(message));
    if (entry === undefined) this.#o.stateless.answer(message, flow, 481);
    else this.#feed(entry, { type: "cancel", message });
  }

  #response(message: Response, flow: Flow, trace: TraceContext | undefined): void {
    const { table, stateless } = this.#o;
    const place = table.client(message.via.branch ?? "");
    const { method } = message.cseq;
    if (place === undefined || (method !== place.entry.method && method !== "CANCEL")) {
      stateless.response(message, trace);
      return;
    }
    this.#feed(place.entry, { type: "response", branch: place.branch, message, source: flow.remote.address });
  }

  /** One event after the other: what an event leads to at once waits until it is worked out itself. */
  #feed(entry: Entry, event: ProxyEvent): void {
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
      this.#end(entry);
      if (unanswered) stateless.answer(request, flow, status);
    }
  }

  #perform(entry: Entry, effects: readonly ProxyEffect[]): void {
    for (const effect of effects) this.#do(entry, effect);
  }

  #do(entry: Entry, effect: ProxyEffect): void {
    switch (effect.type) {
      case "respond":
        this.#respond(entry, effect);
        break;
      case "forward":
        this.#forward(entry, effect);
        break;
      case "route":
        this.#route(entry);
        break;
      case "locate":
        this.#locate(entry, effect);
        break;
      case "media":
        this.#describe(entry, effect);
        break;
      case "release":
        this.#release(entry, effect);
        break;
      case "start":
        this.#startTimer(entry, effect);
        break;
      case "stop":
        entry.timers.stop(effect.owner, effect.branch, effect.timer);
        break;
      case "acknowledge":
        this.#o.stateless.ack(effect.message, entry.context.flow);
        break;
      case "tried":
        this.#o.observer.legEnded(entry, effect.branch, effect.status);
        break;
      case "answered":
        this.#answered(entry, effect.status);
        break;
      case "terminated":
        this.#end(entry);
        break;
      default:
        effect satisfies never;
    }
  }

  #respond(entry: Entry, { message, status, again }: Effect<"respond">): void {
    const { observer, measures, sender } = this.#o;
    if (again) measures.sent.add();
    observer.responded(entry, status, again);
    const keepAlive = status === 200 && entry.keepAlive > 0 ? { keepAlive: entry.keepAlive } : {};
    const trace = entry.span?.context ?? entry.trace;
    sender.toFlow(entry.context.flow, message, entry.callId, { trace, failureKey: entry.key, ...keepAlive });
  }

  #forward(entry: Entry, { owner, branch: index, method, message, again }: Effect<"forward">): void {
    const { observer, measures, sender, table } = this.#o;
    const branch = entry.context.branches[index];
    if (branch === undefined) return;
    if (again) measures.sent.add();
    else if (method !== "ACK") measures.begun("client", method);
    if (owner === "client" && method !== "ACK" && !again) table.addClient(entry, index, branch.id);
    const leg = observer.forwarded(entry, index, branch, method, again);
    const key = owner === "client" && method !== "ACK" ? branch.id : undefined;
    sender.byWay(branch.way, message, entry.callId, leg?.context ?? entry.trace, key);
  }

  #route(entry: Entry): void {
    const { context, trace, span } = entry;
    const { request, route, flow } = context;
    if (request === undefined || route === undefined) return;
    const answer = this.#o.questions.route(request, route, flow, span?.context ?? trace).then(async (made) => {
      const event = await this.#follow(entry, request, made);
      entry.turnedAway = isTurnedAway(made, event) && repeatsItself(entry);
      return event;
    });
    this.#answerOf(entry, answer);
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

  async #follow(entry: Entry, request: Request, made: RouteDecision): Promise<ProxyEvent> {
    const { edges, config, questions, tools } = this.#o;
    const { flow } = entry.context;
    const { decision } = made;
    switch (decision?.$case) {
      case "proxy": {
        const bounds = { ring: config.timers.ring, targets: config.limits.targets };
        return targetsOf(decision.value, made, edges, flow.edge, bounds);
      }
      case "redirect":
        return redirectAnswer(decision.value.status, decision.value.contacts);
      case "reject":
        return replyAnswer(decision.value);
      case "challenge":
        return challengeAnswer(decision.value.status, decision.value.values);
      case "answer":
        return { type: "answer", status: 200, headers: tools.capabilities };
      case "register": {
        const trace = entry.span?.context ?? entry.trace;
        const reply = await questions.register(decision.value.addressOfRecord, request, flow, trace);
        if (reply.status === 200) entry.keepAlive = reply.keepAlive;
        return replyAnswer(reply);
      }
      case undefined:
        return { type: "answer", status: 500 };
      default:
        decision satisfies never;
        return { type: "answer", status: 500 };
    }
  }

  #locate(entry: Entry, effect: Effect<"locate">): void {
    const { edges, questions } = this.#o;
    const { flow } = entry.context;
    const found = nextHop(effect, flow, edges, questions, entry.span?.context ?? entry.trace);
    if (found instanceof Promise)
      this.#answerOf(
        entry,
        found.then((ways) => this.#within(entry, ways)),
      );
    else this.#feed(entry, this.#within(entry, found));
  }

  /** Within a dialog there is one target, and what was agreed at its beginning holds. */
  #within(entry: Entry, found: Found): ProxyEvent {
    if ("status" in found) return { type: "answer", ...found };
    const { route } = entry.context;
    if (route === undefined) return { type: "answer", status: 500 };
    const target = { uri: route.uri, route: [], q: 1000, ways: found.ways, nat: false };
    const media = route.dialog?.token.media ? "always" : "never";
    return { type: "targets", targets: [target], plan: { recordRoute: false, media, ringTime: 0 } };
  }

  /** An answer becomes an event; what fails, an answer to the caller. */
  #answerOf(entry: Entry, answer: Promise<ProxyEvent>): void {
    answer.then(
      (event) => this.#feed(entry, event),
      (thrown: unknown) => {
        const status = statusOf(RpcError.from(thrown));
        if (!(thrown instanceof RpcError)) {
          this.#o.measures.exception("answer");
          this.#o.log.error(
            { err: thrown, callId: entry.callId, trace: entry.trace },
            "An answer could not be worked out.",
          );
        }
        this.#feed(entry, { type: "answer", status, ...(status === 503 && { headers: this.#retryAfter() }) });
      },
    );
  }

  #describe(entry: Entry, effect: Effect<"media">): void {
    const { questions, edges } = this.#o;
    const { callId, callerTag, mediaInstance } = entry.context;
    const relay = mediaInstance === 0 ? undefined : edges.relayOf(mediaInstance);
    const { exchange } = effect;
    questions.describe({ ...effect, callId, callerTag, relay }, entry.span?.context ?? entry.trace).then(
      ({ sdp, instance }) => this.#feed(entry, { type: "described", exchange, sdp, instance }),
      (thrown: unknown) => {
        const status = mediaStatusOf(RpcError.from(thrown));
        this.#feed(entry, { type: "described", exchange, status, instance: 0 });
      },
    );
  }

  #release(entry: Entry, effect: Effect<"release">): void {
    const { questions, edges } = this.#o;
    const { callId, callerTag, mediaInstance } = entry.context;
    const relay = mediaInstance === 0 ? undefined : edges.relayOf(mediaInstance);
    const { verb, calleeTag, leg, from } = effect;
    questions.release(verb, { callId, callerTag, calleeTag, leg, from }, relay, entry.trace);
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

  #end(entry: Entry): void {
    const { table, observer, measures } = this.#o;
    entry.timers.stopAll();
    entry.waiting = undefined;
    table.remove(entry);
    this.#turnedAway.delete(entry);
    if (entry.settingUp) measures.settingUp--;
    entry.settingUp = false;
    observer.ended(entry);
  }

  #retryAfter(): readonly (readonly [string, string])[] {
    return [["Retry-After", String(this.#o.config.retryAfter)]];
  }
}

/** An answer to somebody who proved nothing: a challenge, or that strangers are not served. */
function isTurnedAway(made: RouteDecision, event: ProxyEvent): boolean {
  if (event.type !== "answer" || made.vouched === true) return false;
  return made.decision?.$case === "challenge" || event.status === 403;
}

/** Nothing was sent to the caller yet, so it says its INVITE again until it is answered. */
function repeatsItself({ context: { server } }: Entry): boolean {
  return server?.machine === "invite-server" && server.state === "Proceeding" && server.provisional === undefined;
}
