import type { Clock } from "@sipmesh/environment";
import type { Domain } from "@sipmesh/proto/directory";
import type { LocateReply, LocateRequest, RouteDecision, RouteRequest, Target } from "@sipmesh/proto/routing";
import type { Call } from "@sipmesh/rpc";
import { readNameAddress, readUri, type Uri } from "@sipmesh/sip";
import { attribute, type Span, type Telemetry } from "@sipmesh/telemetry";
import { type Asker, type Patience, ServiceAway } from "./answers.ts";
import { decide } from "./decision/decide.ts";
import type { Answers, Decision, Facts, TargetPlan } from "./decision/facts.ts";
import type { Plan } from "./decision/plan.ts";
import { Platform } from "./decision/platform.ts";
import type { Edges } from "./edges.ts";
import { type Hop, type Located, notLocated } from "./locate/hops.ts";
import type { Locator } from "./locate/locate.ts";
import { registeredFlow } from "./registered-flow.ts";
import * as catalogue from "./telemetry.ts";
import { fromWire, toWire } from "./transport.ts";

export interface RouterOptions {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly plan: Plan;
  readonly asker: Asker;
  readonly locator: Locator;
  /** Milliseconds for one question to another service. */
  readonly rpcDeadline: number;
  /** Milliseconds for the look-up of one URI. */
  readonly dnsDeadline: number;
}

/** Seconds after which a caller may try again when a service was away. */
const RETRY_AFTER = "5";
/** Questions that the longest decision asks, with room; a decision that asks more has a fault. */
const MAX_QUESTIONS = 16;
const NOBODY_TRIED: ReadonlySet<string> = new Set();
const NOBODY: Proved = { identity: "", realm: "", vouched: false };

/** Answers Route and Locate: gathers what the pure decision needs to know, and locates what it decides on. */
export class Router {
  readonly #options: RouterOptions;
  readonly #count: ReturnType<typeof counters>;
  #domains: readonly Domain[] | undefined;
  #edges: Edges;
  #platform: Platform;

  constructor(options: RouterOptions, edges: Edges) {
    this.#options = options;
    this.#count = counters(options.telemetry);
    this.#edges = edges;
    this.#platform = new Platform([], edges.own);
  }

  get platform(): Platform {
    return this.#platform;
  }

  get edges(): Edges {
    return this.#edges;
  }

  learnDomains(domains: readonly Domain[]): void {
    this.#domains = domains;
    this.#platform = new Platform(domains, this.#edges.own);
  }

  learnEdges(edges: Edges): void {
    this.#edges = edges;
    this.#platform = new Platform(this.#domains ?? [], edges.own);
  }

  /** Never rejects: what could not be decided is a 503 (a service is away) or a 500. */
  route(request: RouteRequest, call: Call): RouteDecision | Promise<RouteDecision> {
    const { clock, telemetry } = this.#options;
    const span = telemetry.tracer.start(catalogue.routeSpan, call.trace, {
      [attribute.method]: request.method,
      [attribute.requestUri]: request.requestUri,
    });
    const started = clock.now();
    const patience: Patience = {
      deadline: Math.min(this.#options.rpcDeadline, call.deadline),
      trace: span?.context ?? call.trace,
      repeatable: true,
    };
    const told = (decision: RouteDecision): RouteDecision => {
      this.#count.seconds.observe((clock.now() - started) / 1000);
      this.#tell(decision, span);
      return decision;
    };
    const undecided = (error: unknown): RouteDecision => {
      span?.fail(error instanceof Error ? error.message : String(error));
      return told(this.#undecided(error));
    };
    try {
      const decision = this.#decide(request, patience);
      return decision instanceof Promise ? decision.then(told, undecided) : told(decision);
    } catch (error) {
      return undecided(error);
    }
  }

  async locate(request: LocateRequest, call: Call): Promise<LocateReply> {
    const span = this.#options.telemetry.tracer.start(catalogue.locateSpan, call.trace, {
      [attribute.target]: request.uri,
    });
    if (request.to !== "") return this.#registered(request, call, span);
    const located = await this.#locate(request.uri, request.preferred);
    if ("hops" in located) {
      span?.end();
      return { hops: located.hops.map(toNextHop), status: 0, reason: "", flow: undefined };
    }
    span?.fail(located.reason);
    span?.end({ [attribute.statusCode]: located.status });
    return { hops: [], ...located, flow: undefined };
  }

  /** For a dialog whose flow is gone. */
  async #registered({ uri, to }: LocateRequest, call: Call, span: Span | undefined): Promise<LocateReply> {
    const { asker, rpcDeadline } = this.#options;
    const patience = {
      deadline: Math.min(rpcDeadline, call.deadline),
      trace: span?.context ?? call.trace,
      repeatable: true,
    } as const;
    let gone = { status: 480, reason: "The Flow Is Gone" };
    try {
      const flow = await registeredFlow(to, uri, this.#platform, this.#edges.flow, asker, patience);
      if (flow !== undefined) {
        span?.end();
        return { hops: [], status: 0, reason: "", flow };
      }
    } catch (error) {
      const { decision } = this.#undecided(error);
      if (decision?.$case === "reject") gone = { status: decision.value.status, reason: decision.value.reason };
    }
    span?.fail(gone.reason);
    span?.end({ [attribute.statusCode]: gone.status });
    return { hops: [], ...gone, flow: undefined };
  }

  #decide(request: RouteRequest, patience: Patience): RouteDecision | Promise<RouteDecision> {
    if (this.#domains === undefined) throw new ServiceAway("directory", new Error("the domains are not known yet"));
    return this.#ask(this.#facts(request), { subscribers: new Map(), bindings: new Map() }, request, patience, 0);
  }

  /** Asks until a decision can be made. @param asked how many questions were asked so far */
  #ask(
    facts: Facts,
    answers: Answers,
    request: RouteRequest,
    patience: Patience,
    asked: number,
  ): RouteDecision | Promise<RouteDecision> {
    if (asked > MAX_QUESTIONS) throw new Error("a decision that asks without end");
    const step = decide(facts, answers);
    if (step.type === "decided") {
      const { identity } = step;
      const by: Proved = {
        identity,
        realm: this.#realmOf(identity),
        vouched: identity !== "" || facts.trunk !== undefined,
      };
      return this.#carryOut(step.decision, by, request, patience);
    }
    const waiting = this.#options.asker.answer(step.question, answers, request, patience);
    if (waiting === undefined) return this.#ask(facts, answers, request, patience, asked + 1);
    return waiting.then(() => this.#ask(facts, answers, request, patience, asked + 1));
  }

  #realmOf(identity: string): string {
    if (identity === "") return "";
    const name = identity.slice(identity.lastIndexOf("@") + 1);
    return this.#platform.domains.find((domain) => domain.name === name)?.realm ?? "";
  }

  #facts(request: RouteRequest): Facts {
    const local = request.flow?.local;
    const platform = local === undefined ? this.#platform : this.#platform.reachedAt(local);
    return {
      method: request.method,
      requestUri: request.requestUri,
      uri: readUri(request.requestUri),
      from: addressIn(request.from),
      to: addressIn(request.to),
      nextRoute: nextRoute(request.route, platform),
      trunk: request.flow?.remote === undefined ? undefined : this.#options.plan.trunkAt(request.flow.remote.address),
      tried: request.tried.length === 0 ? NOBODY_TRIED : new Set(request.tried),
      flows: this.#edges.flow,
      platform,
      plan: this.#options.plan,
    };
  }

  #carryOut(
    decision: Decision,
    by: Proved,
    request: RouteRequest,
    patience: Patience,
  ): RouteDecision | Promise<RouteDecision> {
    switch (decision.type) {
      case "proxy":
        return this.#proxy(decision, by, request);
      case "redirect":
        return outcome("redirect", { status: decision.status, contacts: [...decision.contacts] }, by);
      case "reject":
        return rejection(decision.status, decision.reason, by);
      case "challenge": {
        const { status, stale } = decision;
        const { realm, algorithms } = decision.domain;
        return this.#options.asker
          .challenge(realm, algorithms, stale, patience)
          .then((values) => outcome("challenge", { status, values }, by));
      }
      case "register":
        return outcome("register", { addressOfRecord: decision.addressOfRecord }, by);
      case "answer":
        return outcome("answer", { addressOfRecord: "" }, by);
      default:
        return decision satisfies never;
    }
  }

  async #proxy(decision: Decision & { type: "proxy" }, by: Proved, request: RouteRequest): Promise<RouteDecision> {
    const targets: Target[] = [];
    let failure: Located | undefined;
    for (const plan of decision.targets) {
      const located = plan.locate === undefined ? undefined : this.#locate(plan.locate, request.flow?.transport ?? 0);
      const found = located instanceof Promise ? await located : located;
      const hops = found !== undefined && "hops" in found ? found.hops : [];
      if (hops.length > 0 || plan.flow !== undefined) targets.push(targetFrom(plan, hops));
      else failure ??= found;
    }
    if (targets.length === 0) {
      const why =
        failure !== undefined && "status" in failure ? failure : { status: 480, reason: "Temporarily Unavailable" };
      return rejection(why.status, why.reason, by);
    }
    const { recordRoute, media, ringTime } = decision.policy;
    return outcome("proxy", { targets, recordRoute, media, ringTime }, by);
  }

  #locate(uri: string, preferred: LocateRequest["preferred"]): Located | Promise<Located> {
    const located = this.#options.locator.locate(uri, fromWire(preferred));
    if (!(located instanceof Promise)) return this.#counted(located);
    return this.#inTime(located).then((found) => this.#counted(found));
  }

  #inTime(located: Promise<Located>): Promise<Located> {
    const { clock, dnsDeadline } = this.#options;
    return new Promise((resolve, reject) => {
      const timer = clock.after(dnsDeadline, () => resolve(notLocated(503, "Name Service Away")));
      located.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  #counted(located: Located): Located {
    if ("status" in located) this.#count.unlocated.with({ status: String(located.status) }).add();
    return located;
  }

  #undecided(error: unknown): RouteDecision {
    if (error instanceof ServiceAway) {
      this.#count.failures.with({ service: error.service }).add();
      this.#options.telemetry.log.warn(
        { service: error.service, error: error.message },
        "A request could not be decided.",
      );
      return rejection(503, "Service Unavailable", NOBODY, [{ name: "Retry-After", value: RETRY_AFTER }]);
    }
    this.#count.failures.with({ service: "routing" }).add();
    this.#options.telemetry.log.error({ error }, "A request could not be decided.");
    return rejection(500, "Server Internal Error", NOBODY);
  }

  #tell(decision: RouteDecision, span: Span | undefined): void {
    const made = decision.decision;
    if (made === undefined) return;
    this.#count.decisions[made.$case].add();
    if (made.$case === "reject") this.#count.rejections.with({ status: String(made.value.status) }).add();
    if (span === undefined) return;
    span.set({ [attribute.action]: made.$case });
    if (made.$case === "reject") {
      span.set({ [attribute.statusCode]: made.value.status, [attribute.reasonPhrase]: made.value.reason });
    }
    span.end();
  }
}

function counters(telemetry: Telemetry) {
  const { metrics } = telemetry;
  const decisions = metrics.counter(catalogue.decisions);
  return {
    decisions: {
      proxy: decisions.with({ decision: "proxy" }),
      redirect: decisions.with({ decision: "redirect" }),
      reject: decisions.with({ decision: "reject" }),
      challenge: decisions.with({ decision: "challenge" }),
      register: decisions.with({ decision: "register" }),
      answer: decisions.with({ decision: "answer" }),
    },
    rejections: metrics.counter(catalogue.rejections),
    failures: metrics.counter(catalogue.failures),
    unlocated: metrics.counter(catalogue.unlocated),
    seconds: metrics.histogram(catalogue.routeSeconds),
  };
}

/** The first Route value that does not name an edge of ours. */
function nextRoute(values: readonly string[], platform: Platform): string | undefined {
  for (const value of values) {
    const text = readNameAddress(value)?.uri;
    const uri = text === undefined ? undefined : readUri(text);
    if (uri?.kind !== "sip" || !platform.isEdge(uri.host, uri.port)) return text ?? value;
  }
  return undefined;
}

function addressIn(value: string): Uri | undefined {
  const text = readNameAddress(value)?.uri;
  return text === undefined ? undefined : readUri(text);
}

function targetFrom(plan: TargetPlan, hops: readonly Hop[]): Target {
  return {
    uri: plan.uri,
    route: [...plan.route],
    flow: plan.flow,
    q: plan.q,
    hops: hops.map(toNextHop),
    nat: plan.nat,
  };
}

function toNextHop({ transport, address, port, host }: Hop) {
  return { transport: toWire(transport), address: { address, port }, host };
}

type Made = NonNullable<RouteDecision["decision"]>;

/**
 * Who proved to be whom, by the credentials of which realm; both empty: nobody did. `vouched`: a subscriber or a trunk
 * sends the request.
 */
interface Proved {
  readonly identity: string;
  readonly realm: string;
  readonly vouched: boolean;
}

function outcome<C extends Made["$case"]>(
  $case: C,
  value: Extract<Made, { $case: C }>["value"],
  { identity, realm, vouched }: Proved,
): RouteDecision {
  return { decision: { $case, value } as Made, identity, realm, vouched };
}

function rejection(
  status: number,
  reason: string,
  by: Proved,
  headerFields: { name: string; value: string }[] = [],
): RouteDecision {
  return outcome("reject", { status, reason, headerFields }, by);
}
