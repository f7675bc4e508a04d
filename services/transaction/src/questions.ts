import { type Clock, hash } from "@sipmesh/environment";
import type { TraceContext } from "@sipmesh/proto/flow";
import { LocationService, type RegisterReply } from "@sipmesh/proto/location";
import { type LocateReply, type RouteDecision, RoutingService } from "@sipmesh/proto/routing";
import { type Client, Code, type Rpc, RpcError } from "@sipmesh/rpc";
import { type Flow, Name, type Request } from "@sipmesh/sip";
import { behindNat, type RouteInformation } from "@sipmesh/sip-core";
import type { Log } from "@sipmesh/telemetry";
import type { TransactionConfig } from "./config.ts";
import type { Measures } from "./measures.ts";
import { type Described, type Description, type MediaLeg, MediaQuestions } from "./media-questions.ts";
import type { Relays } from "./relays.ts";
import { wireFlow, wireTransport } from "./wire.ts";

export interface QuestionsOptions {
  readonly rpc: Rpc;
  readonly relays: Relays;
  readonly clock: Clock;
  readonly deadlines: TransactionConfig["deadlines"];
  readonly measures: Measures;
  readonly log: Log;
}

/** What the transaction service asks of others. Everything rejects with `RpcError` in bounded time, and is counted. */
export class Questions {
  readonly #routing: Client<typeof RoutingService>;
  readonly #location: Client<typeof LocationService>;
  readonly #media: MediaQuestions;
  readonly #deadlines: TransactionConfig["deadlines"];
  readonly #measures: Measures;
  readonly #log: Log;

  constructor({ rpc, relays, clock, deadlines, measures, log }: QuestionsOptions) {
    this.#routing = rpc.client("routing", RoutingService);
    this.#location = rpc.client("location", LocationService);
    this.#media = new MediaQuestions(rpc, relays, clock, deadlines);
    this.#deadlines = deadlines;
    this.#measures = measures;
    this.#log = log;
  }

  /** What becomes of a request outside a dialog. */
  route(request: Request, route: RouteInformation, flow: Flow, trace?: TraceContext): Promise<RouteDecision> {
    const authorization = request.all(Name.Authorization);
    const proxyAuthorization = request.all(Name.ProxyAuthorization);
    const hashed = authorization.some(hashesBody) || proxyAuthorization.some(hashesBody);
    return this.#ask(
      "routing",
      trace,
      this.#routing.route(
        {
          method: request.method,
          requestUri: route.uri,
          from: request.first(Name.From) ?? "",
          to: request.first(Name.To) ?? "",
          callId: request.callId,
          cseq: request.cseq.number,
          route: [...route.routes],
          authorization,
          proxyAuthorization,
          proxyRequire: [],
          flow: wireFlow(flow),
          hasToTag: request.to.tag !== undefined,
          bodyMd5: hashed ? hash.md5Hex(request.body) : "",
          bodySha256: hashed ? hash.sha256Hex(request.body) : "",
          tried: [],
        },
        { deadline: this.#deadlines.routing, trace, repeatable: true },
      ),
    );
  }

  /** Where a URI leads (RFC 3263). `to`: not that, but over which flow it is registered now by who is called so. */
  locate(uri: string, flow: Flow, trace?: TraceContext, to = ""): Promise<LocateReply> {
    const question = { uri, preferred: wireTransport(flow.transport), to };
    return this.#ask(
      "routing",
      trace,
      this.#routing.locate(question, { deadline: this.#deadlines.routing, trace, repeatable: true }),
    );
  }

  /** The registrar's answer to a REGISTER that routing has admitted. */
  register(addressOfRecord: string, request: Request, flow: Flow, trace?: TraceContext): Promise<RegisterReply> {
    return this.#ask(
      "location",
      trace,
      this.#location.register(
        {
          addressOfRecord,
          contacts: request.list(Name.Contact),
          expires: request.first(Name.Expires) ?? "",
          callId: request.callId,
          cseq: request.cseq.number,
          path: request.list(Name.Path),
          supported: request.list(Name.Supported),
          require: request.list(Name.Require),
          userAgent: request.first(Name.UserAgent) ?? "",
          flow: wireFlow(flow),
          nat: behindNat(request, flow),
        },
        { deadline: this.#deadlines.location, trace, key: addressOfRecord, repeatable: true },
      ),
    );
  }

  /** What the receiver of an offer or answer is to see in its place. */
  describe(description: Description, trace?: TraceContext): Promise<Described> {
    return this.#ask("media", trace, this.#media.describe(description, trace));
  }

  /** Tells that an offer was refused or that a leg has ended. Nobody waits for it; a failure is counted. */
  release(verb: "reject" | "delete", leg: MediaLeg, trace?: TraceContext): void {
    this.#counted("media", this.#media.release(verb, leg, trace)).catch(() => {});
  }

  close(): void {
    this.#media.close();
  }

  #ask<T>(service: string, trace: TraceContext | undefined, call: Promise<T>): Promise<T> {
    return this.#counted(service, call, ({ code, message }) => {
      // What a peer has sent and nobody can read is told to that peer alone.
      if (code !== Code.InvalidArgument)
        this.#log.warn({ service, trace, error: message }, "a question was not answered");
    });
  }

  #counted<T>(service: string, call: Promise<T>, failed: (error: RpcError) => void = () => {}): Promise<T> {
    const measures = this.#measures;
    measures.asked++;
    return call.then(
      (reply) => {
        measures.asked--;
        return reply;
      },
      (thrown: unknown) => {
        measures.asked--;
        const error = RpcError.from(thrown);
        measures.unanswered(service, error.code);
        failed(error);
        throw error;
      },
    );
  }
}

/** Credentials over the body as well (RFC 7616 section 3.4.3). */
function hashesBody(credentials: string): boolean {
  return /qop\s*=\s*"?auth-int/i.test(credentials);
}

/** What the caller hears where a service gave no answer. */
export function statusOf(error: RpcError): number {
  switch (error.code) {
    case Code.Unavailable:
    case Code.DeadlineExceeded:
    case Code.ResourceExhausted:
      return 503;
    default:
      return 500;
  }
}

/** What the caller hears where media would not have its offer: that it is not acceptable, or that media is away. */
export function mediaStatusOf(error: RpcError): number {
  return error.code === Code.InvalidArgument ? 488 : statusOf(error);
}
