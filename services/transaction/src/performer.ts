import type { RouteDecision } from "@sipmesh/proto/routing";
import { RpcError } from "@sipmesh/rpc";
import { Name, type Request } from "@sipmesh/sip";
import { isReliable, type ProxyEffect, type ProxyEvent, type ProxyTools, type Way } from "@sipmesh/sip-core";
import type { Log } from "@sipmesh/telemetry";
import type { TransactionConfig } from "./config.ts";
import { challengeAnswer, redirectAnswer, replyAnswer, targetsOf } from "./decisions.ts";
import type { Edges } from "./edges.ts";
import type { Entry } from "./entry.ts";
import type { Measures } from "./measures.ts";
import { type Found, nextHop, registeredSince } from "./next-hop.ts";
import type { Observer } from "./observer.ts";
import { mediaStatusOf, type Questions, statusOf } from "./questions.ts";
import type { Sender } from "./sender.ts";
import type { Stateless } from "./stateless.ts";
import type { Table } from "./table.ts";

export interface PerformerOptions {
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
  /** What the world says comes back to the context as an event. */
  readonly feed: (entry: Entry, event: ProxyEvent) => void;
  readonly startTimer: (entry: Entry, effect: Effect<"start">) => void;
  readonly answered: (entry: Entry, status: number) => void;
  readonly end: (entry: Entry) => void;
}

export type Effect<T extends ProxyEffect["type"]> = Extract<ProxyEffect, { type: T }>;

/** Does what response contexts ask of the world: messages to edges, timers, questions to the other services. */
export class Performer {
  readonly #o: PerformerOptions;

  constructor(options: PerformerOptions) {
    this.#o = options;
  }

  /** One effect. Never waits: what takes time comes back as an event. */
  do(entry: Entry, effect: ProxyEffect): void {
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
        this.#o.startTimer(entry, effect);
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
        this.#o.answered(entry, effect.status);
        break;
      case "terminated":
        this.#o.end(entry);
        break;
      default:
        effect satisfies never;
    }
  }

  #respond(entry: Entry, { message, status, again, edge }: Effect<"respond">): void {
    const { observer, measures, sender } = this.#o;
    if (again) measures.sent.add();
    observer.responded(entry, status, again);
    const keepAlive = status === 200 && entry.keepAlive > 0 ? { keepAlive: entry.keepAlive } : {};
    const trace = entry.span?.context ?? entry.trace;
    const { flow } = entry.context;
    const by = edge === undefined ? flow : { ...flow, edge };
    sender.toFlow(by, message, entry.callId, { trace, failureKey: entry.key, final: flow, ...keepAlive });
  }

  #forward(entry: Entry, { owner, branch: index, method, message, again }: Effect<"forward">): void {
    const { observer, measures, sender, table } = this.#o;
    const branch = entry.context.branches[index];
    if (branch === undefined) return;
    if (again) measures.sent.add();
    else if (method !== "ACK") measures.begun("client", method);
    if (owner === "client" && method !== "ACK" && !again && !entry.gone) table.addClient(entry, index, branch.id);
    const leg = observer.forwarded(entry, index, branch, method, again);
    const key = owner === "client" && method !== "ACK" ? branch.id : undefined;
    sender.byWay(branch.way, message, entry.callId, leg?.context ?? entry.trace, key);
  }

  #route(entry: Entry): void {
    const { context, trace, span } = entry;
    const { request, route, flow } = context;
    if (request === undefined || route === undefined) return;
    const answer = this.#o.questions.route(request, route, flow, span?.context ?? trace).then((made) => {
      const event = this.#follow(entry, request, made);
      if (event instanceof Promise) return event.then((waited) => judged(entry, made, waited));
      return judged(entry, made, event);
    });
    this.#answerOf(entry, answer);
  }

  /** What routing's decision means for the context. */
  #follow(entry: Entry, request: Request, made: RouteDecision): ProxyEvent | Promise<ProxyEvent> {
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
        return questions.register(decision.value.addressOfRecord, request, flow, trace).then((reply) => {
          if (reply.status === 200) entry.keepAlive = reply.keepAlive;
          return replyAnswer(reply);
        });
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
    const { flow, request } = entry.context;
    const found = nextHop(
      effect,
      request?.first(Name.To) ?? "",
      flow,
      edges,
      questions,
      entry.span?.context ?? entry.trace,
    );
    if (found instanceof Promise)
      this.#answerOf(
        entry,
        found.then((ways) => this.#within(entry, ways)),
      );
    else this.#o.feed(entry, this.#within(entry, found));
  }

  /**
   * The way over which the target of a dialog has registered since its connection ended, or undefined; never rejects.
   * Undefined at once where it is not a dialog's connection that failed: then there is nobody to ask.
   */
  registeredSince(entry: Entry, branch: number): Promise<Way | undefined> | undefined {
    const { edges, questions } = this.#o;
    const { branches, flow: from, inDialog, request, route } = entry.context;
    const lost = branches[branch]?.target?.ways[0]?.flow;
    if (!inDialog || request === undefined || route === undefined) return undefined;
    if (lost === undefined || !isReliable(lost.transport)) return undefined;
    const to = request.first(Name.To) ?? "";
    const trace = entry.span?.context ?? entry.trace;
    return registeredSince(route.uri, to, from, edges, questions, trace).then(
      (way) => (way?.flow?.edge === lost.edge && way.flow.connection === lost.connection ? undefined : way),
      () => undefined,
    );
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
      (event) => this.#o.feed(entry, event),
      (thrown: unknown) => {
        const status = statusOf(RpcError.from(thrown));
        if (!(thrown instanceof RpcError)) {
          this.#o.measures.exception("answer");
          this.#o.log.error(
            { err: thrown, callId: entry.callId, trace: entry.trace },
            "An answer could not be worked out.",
          );
        }
        this.#o.feed(entry, { type: "answer", status, ...(status === 503 && { headers: this.#retryAfter() }) });
      },
    );
  }

  #describe(entry: Entry, effect: Effect<"media">): void {
    const { questions } = this.#o;
    const { callId, callerTag, mediaInstance: relay, flow } = entry.context;
    const { exchange } = effect;
    questions
      .describe({ ...effect, callId, callerTag, relay, edge: flow.edge }, entry.span?.context ?? entry.trace)
      .then(
        ({ sdp, instance }) => this.#o.feed(entry, { type: "described", exchange, sdp, instance }),
        (thrown: unknown) => {
          const status = mediaStatusOf(RpcError.from(thrown));
          this.#o.feed(entry, { type: "described", exchange, status, instance: 0 });
        },
      );
  }

  #release(entry: Entry, effect: Effect<"release">): void {
    const { callId, callerTag, mediaInstance: relay, flow } = entry.context;
    const { verb, calleeTag, leg, from } = effect;
    const ending = { callId, callerTag, calleeTag, leg, from, relay, edge: flow.edge };
    this.#o.questions.release(verb, ending, entry.trace);
  }

  #retryAfter(): readonly (readonly [string, string])[] {
    return [["Retry-After", String(this.#o.config.retryAfter)]];
  }
}

/** Notes of the context whether it turns somebody away. */
function judged(entry: Entry, made: RouteDecision, event: ProxyEvent): ProxyEvent {
  entry.turnedAway = isTurnedAway(made, event) && repeatsItself(entry);
  return event;
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
