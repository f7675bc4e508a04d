import { latin1 } from "@sipmesh/environment";
import {
  type AnswerRequest,
  type MediaService,
  type OfferRequest,
  Side as ProtoSide,
  type SessionKey,
  type StreamReport,
} from "@sipmesh/proto/media";
import { type Call, Code, type Handlers, RpcError } from "@sipmesh/rpc";
import { parse, SdpError, streamsOf } from "@sipmesh/sdp";
import type { Span, SpanDefinition, Telemetry } from "@sipmesh/telemetry";
import type { CallMedia } from "./call-media.ts";
import { type DescriptionEvent, relayable } from "./exchange.ts";
import type { Interface } from "./interfaces.ts";
import { MediaError } from "./media-error.ts";
import type { LegName, Side } from "./session.ts";
import type { CallName, Sessions } from "./sessions.ts";
import { attributes, metrics, spans } from "./telemetry.ts";

function nameOf(key: SessionKey | undefined): CallName {
  if (key === undefined || key.callId === "")
    throw new RpcError(Code.InvalidArgument, "a media session is named by its Call-ID");
  return key;
}

const legOf = (leg: LegName | undefined): LegName => leg ?? { branch: "", calleeTag: "" };

function sideOf(side: ProtoSide): Side {
  if (side === ProtoSide.SIDE_CALLER) return "caller";
  if (side === ProtoSide.SIDE_CALLEE) return "callee";
  throw new RpcError(Code.InvalidArgument, "a description comes from the caller or the callee");
}

function summary(reports: readonly StreamReport[]) {
  return {
    [attributes.packets]: reports.reduce((sum, report) => sum + Number(report.packets), 0),
    [attributes.lost]: reports.reduce((sum, report) => sum + Number(report.lost), 0),
    [attributes.jitter]: reports.reduce((most, report) => Math.max(most, report.jitter), 0),
  };
}

/**
 * The verbs of `proto/sipmesh/v1/media.proto`.
 *
 * @param facing where ports are bound and what peers are told, by the address of the edge that faces them
 * @param relay the name that sessions are asked for by
 */
export function handlers(
  sessions: Sessions,
  facing: (toward: string) => Interface,
  telemetry: Telemetry,
  relay: string,
): Handlers<typeof MediaService> {
  const exchanges = telemetry.metrics.counter(metrics.exchanges);

  /** Counts and traces a verb; what it throws passes on. */
  async function observed<T>(
    verb: string,
    definition: SpanDefinition | undefined,
    key: SessionKey | undefined,
    call: Call,
    run: (span: Span | undefined) => Promise<T>,
  ): Promise<T> {
    const span =
      definition &&
      telemetry.tracer.start(definition, call.trace, { [attributes.verb]: verb, [attributes.callId]: key?.callId });
    try {
      const result = await run(span);
      exchanges.with({ verb, outcome: "ok" }).add();
      return result;
    } catch (error) {
      const outcome =
        error instanceof MediaError ? error.reason : error instanceof RpcError ? "bad-request" : "exception";
      exchanges.with({ verb, outcome }).add();
      span?.set({ [attributes.error]: outcome });
      span?.fail(error instanceof Error ? error.message : String(error));
      throw error;
    } finally {
      span?.end();
    }
  }

  function eventOf(request: OfferRequest | AnswerRequest): { event: DescriptionEvent; advertise: string } {
    const { bind, advertise } = facing(request.toward);
    try {
      const description = parse(latin1.decode(request.sdp, 0, request.sdp.length));
      const streams = streamsOf(description);
      const event = {
        leg: legOf(request.leg),
        from: sideOf(request.from),
        description,
        streams,
        source: request.source,
        bind,
      };
      return { event, advertise };
    } catch (error) {
      throw error instanceof SdpError ? new MediaError("media-bad-sdp", error.message, error) : error;
    }
  }

  async function exchange(
    request: OfferRequest | AnswerRequest,
    find: (name: CallName) => CallMedia,
    settle: (media: CallMedia, event: DescriptionEvent, advertise: string) => Promise<string>,
    span: Span | undefined,
  ) {
    const name = nameOf(request.key);
    const { event, advertise } = eventOf(request);
    const media = find(name);
    span?.set({ [attributes.streams]: event.streams.filter(relayable).length });
    try {
      const sdp = await settle(media, event, advertise);
      return { sdp: Buffer.from(latin1.encode(sdp)), relay };
    } finally {
      sessions.settle(name, media, "refused");
    }
  }

  return {
    offer: (request, call) =>
      observed("offer", spans.offer, request.key, call, (span) => {
        const settle = () =>
          exchange(
            request,
            (name) => sessions.findOrBegin(name),
            (media, event, at) => media.offer(event, at),
            span,
          );
        return settle().catch((error: unknown) => {
          // The session's last leg ended while this offer waited for its turn, as when a fork goes on to the next
          // phone: the offer begins the session anew.
          if (error instanceof MediaError && error.reason === "media-no-offer") return settle();
          throw error;
        });
      }),

    answer: (request, call) =>
      observed("answer", spans.answer, request.key, call, (span) => {
        const find = (name: CallName): CallMedia => {
          const media = sessions.find(name);
          if (media === undefined)
            throw new MediaError("media-no-offer", "an answer for a call that is not known here");
          return media;
        };
        return exchange(request, find, (media, event, at) => media.answer(event, at), span);
      }),

    reject: (request, call) =>
      observed("reject", undefined, request.key, call, async () => {
        const name = nameOf(request.key);
        const media = sessions.find(name);
        await media?.reject(legOf(request.leg), sideOf(request.from));
        if (media !== undefined) sessions.settle(name, media, "refused");
        return {};
      }),

    delete: (request, call) =>
      observed("delete", spans.delete, request.key, call, async (span) => {
        const name = nameOf(request.key);
        const media = sessions.find(name);
        const streams = (await media?.remove(legOf(request.leg))) ?? [];
        if (media !== undefined) sessions.settle(name, media, "deleted");
        span?.set(summary(streams));
        return { streams };
      }),

    query: (request, call) =>
      observed("query", undefined, request.key, call, async () => ({
        streams: sessions.find(nameOf(request.key))?.reports() ?? [],
      })),
  };
}
