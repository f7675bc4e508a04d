import type { TraceContext } from "@sipmesh/proto/flow";
import { type Flow, Name, type Request, type Response, response } from "@sipmesh/sip";
import {
  type AckRoute,
  bearsLocalTag,
  descriptionIn,
  forwardAck,
  forwardUnknown,
  localTag,
  type ProxyTools,
  routeAck,
  routeUnknown,
  type UnknownMedia,
  type UnknownResponse,
  withDescription,
} from "@sipmesh/sip-core";
import type { Log } from "@sipmesh/telemetry";
import type { Edges } from "./edges.ts";
import type { Measures } from "./measures.ts";
import type { MediaLeg } from "./media-questions.ts";
import { type Found, nextHop } from "./next-hop.ts";
import type { Observer } from "./observer.ts";
import type { Questions } from "./questions.ts";
import type { Sender } from "./sender.ts";
import type { DropReason } from "./telemetry.ts";

export interface StatelessOptions {
  readonly tools: ProxyTools;
  readonly edges: Edges;
  readonly questions: Questions;
  readonly sender: Sender;
  readonly measures: Measures;
  readonly observer: Observer;
  readonly log: Log;
}

/** What is done with messages that no transaction keeps: ACKs for a 2xx, late responses, answers at the door. */
export class Stateless {
  readonly #o: StatelessOptions;

  constructor(options: StatelessOptions) {
    this.#o = options;
  }

  /** An answer of our own; nothing is kept of it, and its ACK is known by its tag. */
  answer(request: Request, flow: Flow, status: number, headers: readonly (readonly [string, string])[] = []): void {
    if (request.method === "ACK") return;
    const draft = response(request, status, {
      toTag: localTag(request, this.#o.tools.sealer),
      headers,
    });
    this.#o.sender.toFlow(flow, draft, request.callId);
  }

  /** The ACK for a 2xx, on its way by the route set (RFC 3261 section 16.11). */
  ack(message: Request, flow: Flow): void {
    const { tools, edges, questions, observer, log } = this.#o;
    const route = bearsLocalTag(message, tools.sealer)
      ? "answered-here"
      : routeAck(message, flow.remote.address, tools);
    if (typeof route === "string") {
      this.#o.measures.dropped(reasons[route]);
      return;
    }
    const span = observer.ack(message, route.callerTag);
    const trace = span?.context;
    const found = nextHop(route, message.first(Name.To) ?? "", flow, edges, questions, trace);
    const part = route.mediaInstance === undefined ? undefined : descriptionIn(message);
    if (!(found instanceof Promise) && part === undefined) {
      this.#sendAck(message, flow, route, found, trace);
      span?.end();
      return;
    }
    this.#ackAfterQuestions(message, flow, route, found, trace)
      .catch((error: unknown) => {
        log.warn({ err: error, callId: message.callId, trace }, "An ACK could not be passed on.");
        this.#o.measures.dropped("ack-no-way");
        span?.fail("ack-no-way");
      })
      .finally(() => span?.end());
  }

  /** A response that no transaction waits for: our own seal in its Via says where it goes, or it goes nowhere. */
  response(message: Response, from: Flow, trace: TraceContext | undefined): void {
    const { tools, measures, edges, log } = this.#o;
    // A 100 is for the transaction that asked for it and for nobody else (section 16.7 item 3).
    const onward = message.status === 100 ? undefined : routeUnknown(message, tools);
    const flow = onward && edges.flowOf(onward.flow);
    if (onward === undefined) measures.dropped("response-unknown");
    else if (flow === undefined) measures.dropped("response-no-flow");
    else if (onward.media === undefined) this.#sendResponse(message, onward, flow, trace);
    else {
      this.#answerIn(message, onward.media, from, flow, trace)
        .then((sdp) => this.#sendResponse(message, onward, flow, trace, sdp))
        .catch((error: unknown) => {
          log.error({ err: error, callId: message.callId, trace }, "A response could not be passed on.");
          measures.exception("response");
        });
    }
  }

  #sendResponse(
    message: Response,
    onward: UnknownResponse,
    to: Flow,
    trace: TraceContext | undefined,
    sdp?: Uint8Array,
  ): void {
    this.#o.sender.toFlow(to, forwardUnknown(message, onward, sdp), message.callId, { trace });
  }

  /** What the caller is to see of the answer in a response. */
  #answerIn(
    { callId, body }: Response,
    { part, ...whose }: UnknownMedia,
    from: Flow,
    to: Flow,
    trace: TraceContext | undefined,
  ): Promise<Uint8Array> {
    const leg = { ...whose, callId, from: "callee", edge: to.edge } as const;
    return this.#answered(leg, body.subarray(part.start, part.end), to.local.address, from.remote.address, trace);
  }

  async #ackAfterQuestions(
    message: Request,
    flow: Flow,
    route: AckRoute,
    looked: Found | Promise<Found>,
    trace: TraceContext | undefined,
  ): Promise<void> {
    const found = await looked;
    const part = descriptionIn(message);
    if (part === undefined || route.mediaInstance === undefined) {
      this.#sendAck(message, flow, route, found, trace);
      return;
    }
    const sdp = await this.#described(message.body.subarray(part.start, part.end), message, flow, route, found, trace);
    this.#sendAck(message, flow, route, found, trace, withDescription(message.body, part, sdp));
  }

  #sendAck(
    message: Request,
    flow: Flow,
    route: AckRoute,
    found: Found,
    trace: TraceContext | undefined,
    body?: Uint8Array,
  ): void {
    const way = "ways" in found ? found.ways[0] : undefined;
    if (way === undefined) {
      this.#o.measures.dropped("ack-no-way");
      return;
    }
    this.#o.sender.byWay(way, forwardAck(message, flow, route, way, this.#o.tools, body), message.callId, trace);
  }

  /** An ACK answers what the 2xx offered (RFC 3261 section 13.2.1). */
  #described(
    sdp: Uint8Array,
    message: Request,
    flow: Flow,
    route: AckRoute,
    found: Found,
    trace: TraceContext | undefined,
  ): Promise<Uint8Array> {
    const { sender: from, callerTag, calleeTag, mediaInstance: relay = 0 } = route;
    const toward = "ways" in found ? (found.ways[0]?.local.address ?? "") : "";
    const leg = { callId: message.callId, callerTag, calleeTag, leg: "", from, relay, edge: flow.edge };
    return this.#answered(leg, sdp, toward, flow.remote.address, trace);
  }

  /** What the other side of an answer is to see. Without the media service it goes as it came. */
  #answered(
    leg: MediaLeg,
    sdp: Uint8Array,
    toward: string,
    source: string,
    trace: TraceContext | undefined,
  ): Promise<Uint8Array> {
    return this.#o.questions.describe({ verb: "answer", ...leg, sdp, toward, source }, trace).then(
      (described) => described.sdp,
      () => sdp,
    );
  }
}

const reasons = {
  "answered-here": "ack-answered-here",
  "outside-dialog": "ack-outside-dialog",
  "too-many-hops": "ack-too-many-hops",
  loop: "ack-loop",
} as const satisfies Record<string, DropReason>;
