import type { Sealer } from "@sipmesh/cluster";
import type { Flow, Request } from "@sipmesh/sip";
import { type Branch, type ProxyEvent, traceNameOf } from "@sipmesh/sip-core";
import type { Span, TraceContext, Tracer } from "@sipmesh/telemetry";
import type { Entry } from "./entry.ts";
import { attribute, event, spans } from "./telemetry.ts";

/** Writes a transaction's story into spans; costs nothing where its call is not recorded. */
export class Observer {
  readonly #tracer: Tracer;
  readonly #sealer: Pick<Sealer, "traceId">;

  constructor(tracer: Tracer, sealer: Pick<Sealer, "traceId">) {
    this.#tracer = tracer;
    this.#sealer = sealer;
  }

  /** The trace of the call that a request inside a dialog belongs to: our Route token tells who began it. */
  traceOf(callId: string, callerTag: string): TraceContext | undefined {
    if (!this.#tracer.enabled) return undefined;
    return this.#tracer.root(this.#sealer.traceId(traceNameOf(callId, callerTag)));
  }

  /** An ACK that nothing is kept of. */
  ack(request: Request, callerTag: string): Span | undefined {
    return this.#tracer.start(spans.ack, this.traceOf(request.callId, callerTag), {
      [attribute.callId]: request.callId,
      [attribute.method]: request.method,
      [attribute.requestUri]: request.uri,
      [attribute.cseq]: request.cseq.number,
    });
  }

  begin(entry: Entry, request: Request, flow: Flow): void {
    if (entry.trace === undefined) return;
    const attributes = {
      [attribute.callId]: entry.callId,
      [attribute.method]: request.method,
      [attribute.requestUri]: request.uri,
      [attribute.cseq]: request.cseq.number,
      [attribute.from]: request.from.uri,
      [attribute.to]: request.to.uri,
      [attribute.branch]: request.via.branch,
      [attribute.transport]: flow.transport,
      [attribute.peer]: `${flow.remote.address}:${flow.remote.port}`,
    };
    entry.span = entry.context.inDialog
      ? this.#tracer.start(spans.server, entry.trace, attributes)
      : this.#tracer.startRoot(spans.server, entry.trace, attributes);
    entry.span?.event(event.received, { [attribute.direction]: "received", [attribute.method]: request.method });
  }

  /** Another member began it and is gone, or has handed it over: its story goes on in the same trace. */
  adopted(entry: Entry): void {
    if (entry.trace === undefined || entry.context.answered !== 0) return;
    const { request, flow } = entry.context;
    entry.span = this.#tracer.start(spans.server, entry.trace, {
      [attribute.callId]: entry.callId,
      [attribute.method]: entry.method,
      [attribute.requestUri]: request?.uri,
      [attribute.cseq]: request?.cseq.number,
      [attribute.from]: request?.from.uri,
      [attribute.to]: request?.to.uri,
      [attribute.branch]: request?.via.branch,
      [attribute.transport]: flow.transport,
      [attribute.peer]: `${flow.remote.address}:${flow.remote.port}`,
    });
    entry.span?.event(event.adopted, {});
    for (const [index, branch] of entry.context.branches.entries()) {
      if (branch.client !== undefined && branch.state !== "done")
        this.forwarded(entry, index, branch, entry.method, true);
    }
  }

  /** Another member goes on with it. */
  handedOver(entry: Entry): void {
    entry.span?.event(event.handedOver, {});
    this.ended(entry);
  }

  /** What came for the transaction. */
  came(entry: Entry, happened: ProxyEvent): void {
    if (entry.span === undefined) return;
    switch (happened.type) {
      case "request":
        entry.span.event(event.retransmission, { [attribute.direction]: "received", [attribute.method]: entry.method });
        break;
      case "ack":
      case "cancel":
        entry.span.event(event.received, { [attribute.method]: happened.message.method });
        break;
      case "response":
        entry.legs?.[happened.branch]?.event(event.received, {
          [attribute.statusCode]: happened.message.status,
          [attribute.method]: happened.message.cseq.method,
        });
        break;
      case "timer":
        this.#spanOf(entry, happened.branch)?.event(event.timer, { [attribute.timer]: happened.timer });
        break;
    }
  }

  responded(entry: Entry, status: number, again: boolean): void {
    entry.span?.event(again ? event.retransmission : event.sent, {
      [attribute.direction]: "sent",
      [attribute.statusCode]: status === 0 ? undefined : status,
    });
  }

  /** A request leaves for a branch: its first one begins the span of the leg. */
  forwarded(entry: Entry, index: number, branch: Branch, method: string, again: boolean): Span | undefined {
    if (entry.span === undefined) return undefined;
    entry.legs ??= [];
    let leg = entry.legs[index];
    if (leg === undefined) {
      const { way, target } = branch;
      const remote = way.flow?.remote ?? way.remote;
      leg = this.#tracer.start(spans.client, entry.span.context, {
        [attribute.callId]: entry.callId,
        [attribute.method]: method,
        [attribute.target]: target?.uri,
        [attribute.branch]: branch.id,
        [attribute.transport]: way.transport,
        [attribute.peer]: remote && `${remote.address}:${remote.port}`,
      });
      entry.legs[index] = leg;
    }
    leg?.event(again ? event.retransmission : event.sent, {
      [attribute.direction]: "sent",
      [attribute.method]: method,
    });
    return leg;
  }

  legEnded(entry: Entry, index: number, status: number): void {
    const leg = entry.legs?.[index];
    if (leg !== undefined) finish(leg, status);
  }

  answered(entry: Entry, status: number): void {
    const { span } = entry;
    if (span === undefined) return;
    finish(span, status);
    if (status >= 500 || status === 408) this.#tracer.keep(span.context.traceId);
  }

  /** Whatever still runs ends with the context. */
  ended(entry: Entry): void {
    for (const leg of entry.legs ?? []) leg?.end();
    entry.span?.end();
  }

  #spanOf(entry: Entry, branch: number): Span | undefined {
    return branch < 0 ? entry.span : entry.legs?.[branch];
  }
}

function finish(span: Span, status: number): void {
  if (status >= 500 || status === 408) span.fail(`answered ${status}`);
  span.end({ [attribute.statusCode]: status });
}
