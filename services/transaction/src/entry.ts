import type { TraceContext } from "@sipmesh/proto/flow";
import type { Request } from "@sipmesh/sip";
import type { ProxyEvent, ResponseContext } from "@sipmesh/sip-core";
import type { Span } from "@sipmesh/telemetry";
import type { Hashed } from "./hash-table.ts";
import type { Timers } from "./timers.ts";

/** A response context that is alive here: its state, and what ties it to the world. */
export class Entry implements Hashed {
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
  /** Events that came while one was being worked out; absent: none so far. */
  waiting: ProxyEvent[] | undefined;
  busy = false;
  /** Its sender proved nothing and was answered so. */
  turnedAway = false;
  hash = 0;
  next: Hashed | undefined;
  readonly timers: Timers<Entry>;

  constructor(
    key: string,
    request: Request,
    context: ResponseContext,
    began: number,
    trace: TraceContext | undefined,
    timers: (entry: Entry) => Timers<Entry>,
  ) {
    this.key = key;
    this.method = request.method;
    this.callId = context.callId;
    this.began = began;
    this.isCall = request.method === "INVITE" && !context.inDialog;
    this.settingUp = this.isCall;
    const offers = request.method !== "INVITE" || request.body.length > 0;
    this.withoutOffer = offers ? "" : `${context.callId} ${request.cseq.number}`;
    this.trace = trace;
    this.timers = timers(this);
    this.context = context;
  }
}
