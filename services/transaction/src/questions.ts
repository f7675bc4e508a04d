import { hash } from "@sipmesh/environment";
import type { TraceContext } from "@sipmesh/proto/flow";
import { LocationService, type RegisterReply } from "@sipmesh/proto/location";
import { MediaService, Side as WireSide } from "@sipmesh/proto/media";
import { type LocateReply, type RouteDecision, RoutingService } from "@sipmesh/proto/routing";
import { type Client, Code, type Rpc, RpcError } from "@sipmesh/rpc";
import { type Flow, Name, type Request } from "@sipmesh/sip";
import { behindNat, nameHash, type RouteInformation, type Side } from "@sipmesh/sip-core";
import type { TransactionConfig } from "./config.ts";
import type { Measures } from "./measures.ts";
import { bufferOf, wireFlow, wireTransport } from "./wire.ts";

/** One leg of one call's media, as the media service knows it. */
export interface MediaLeg {
  readonly callId: string;
  readonly callerTag: string;
  readonly calleeTag: string;
  readonly leg: string;
  readonly from: Side;
}

/** A session description on its way from one side to the other. */
export interface Description extends MediaLeg {
  readonly verb: "offer" | "answer";
  readonly sdp: Uint8Array;
  readonly toward: string;
  readonly source: string;
  /** The relay that holds the session; absent: the call's key finds one. */
  readonly relay: string | undefined;
}

export interface Described {
  readonly sdp: Uint8Array;
  /** `nameHash` of the relay. */
  readonly instance: number;
}

/** What the transaction service asks of others. Everything rejects with `RpcError` in bounded time, and is counted. */
export class Questions {
  readonly #routing: Client<typeof RoutingService>;
  readonly #location: Client<typeof LocationService>;
  readonly #media: Client<typeof MediaService>;
  readonly #deadlines: TransactionConfig["deadlines"];
  readonly #measures: Measures;

  constructor(rpc: Rpc, deadlines: TransactionConfig["deadlines"], measures: Measures) {
    this.#routing = rpc.client("routing", RoutingService);
    this.#location = rpc.client("location", LocationService);
    this.#media = rpc.client("media", MediaService);
    this.#deadlines = deadlines;
    this.#measures = measures;
  }

  /** What becomes of a request outside a dialog. */
  route(request: Request, route: RouteInformation, flow: Flow, trace?: TraceContext): Promise<RouteDecision> {
    const authorization = request.all(Name.Authorization);
    const proxyAuthorization = request.all(Name.ProxyAuthorization);
    const hashed = [...authorization, ...proxyAuthorization].some((value) => /qop\s*=\s*"?auth-int/i.test(value));
    return this.#ask(
      "routing",
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
        { deadline: this.#deadlines.routing, trace },
      ),
    );
  }

  /** Where a URI leads (RFC 3263). */
  locate(uri: string, flow: Flow, trace?: TraceContext): Promise<LocateReply> {
    const question = { uri, preferred: wireTransport(flow.transport) };
    return this.#ask("routing", this.#routing.locate(question, { deadline: this.#deadlines.routing, trace }));
  }

  /** The registrar's answer to a REGISTER that routing has admitted. */
  register(addressOfRecord: string, request: Request, flow: Flow, trace?: TraceContext): Promise<RegisterReply> {
    return this.#ask(
      "location",
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
        { deadline: this.#deadlines.location, trace, key: addressOfRecord },
      ),
    );
  }

  /** What the receiver of an offer or answer is to see in its place. */
  async describe(description: Description, trace?: TraceContext): Promise<Described> {
    const { verb, callId, callerTag, calleeTag, leg, from, sdp, toward, source, relay } = description;
    const question = {
      key: { callId, callerTag },
      leg: { calleeTag, branch: leg },
      from: wireSide(from),
      sdp: bufferOf(sdp),
      toward,
      source,
    };
    const ask = (instance?: string) =>
      this.#media[verb](question, { deadline: this.#deadlines.media, trace, key: callId, instance });
    const reply = await this.#ask(
      "media",
      // A relay that is gone has lost the session: another can begin it anew with the next offer.
      ask(relay).catch((error: unknown) => {
        const gone = relay !== undefined && verb === "offer" && RpcError.from(error).code === Code.Unavailable;
        if (gone) return ask();
        throw error;
      }),
    );
    return { sdp: reply.sdp, instance: nameHash(reply.instance) };
  }

  /** Tells that an offer was refused or that a leg has ended. Nobody waits for it; a failure is counted. */
  release(verb: "reject" | "delete", leg: MediaLeg, relay: string | undefined, trace?: TraceContext): void {
    const key = { callId: leg.callId, callerTag: leg.callerTag };
    const name = { calleeTag: leg.calleeTag, branch: leg.leg };
    const options = { deadline: this.#deadlines.media, trace, key: leg.callId, instance: relay };
    const call =
      verb === "delete"
        ? this.#media.delete({ key, leg: name }, options)
        : this.#media.reject({ key, leg: name, from: wireSide(leg.from) }, options);
    this.#ask<unknown>("media", call).catch(() => {});
  }

  async #ask<T>(service: string, call: Promise<T>): Promise<T> {
    this.#measures.asked++;
    try {
      return await call;
    } catch (thrown) {
      const error = RpcError.from(thrown);
      this.#measures.unanswered(service, error.code);
      throw error;
    } finally {
      this.#measures.asked--;
    }
  }
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

function wireSide(side: Side): WireSide {
  return side === "caller" ? WireSide.SIDE_CALLER : WireSide.SIDE_CALLEE;
}
