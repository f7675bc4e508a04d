import { randomBytes } from "node:crypto";
import { type HrTime, type Link, type SpanContext, SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan, TimedEvent } from "@opentelemetry/sdk-trace";
import type { SpanDefinition } from "./catalogue.ts";
import { hrTime } from "./hr-time.ts";
import { redactText } from "./redact.ts";
import type { RetainedSpans } from "./retained-spans.ts";
import { attribute } from "./sip-attributes.ts";
import type { Attributes, AttributeValue, Span, TraceContext, Tracer } from "./tracer.ts";

/** Traces whose root this process remembers to have started. */
const ROOTED = 10_000;
/** Events kept in one span; later ones are counted as dropped. */
const EVENTS = 128;
/** Characters of an attribute's value. */
const LENGTH = 1000;

export interface RecorderSettings {
  /** Share of traces that are exported from the start, 0 to 1. */
  readonly ratio: number;
  /** Takes what was recorded and not sampled, until a failure asks for it; absent: that is never recorded. */
  readonly retained: RetainedSpans | undefined;
  readonly export: (span: ReadableSpan) => void;
  /** Tells the other processes that a trace is wanted. */
  readonly announce: (traceId: string) => void;
  /** Milliseconds since the epoch, with fractions. */
  readonly now: () => number;
}

/** Records spans as plain data that the OpenTelemetry exporters read. */
export class Recorder implements Tracer {
  readonly enabled: boolean;
  readonly #rooted = new Set<string>();
  readonly #settings: RecorderSettings;
  readonly #resource: Resource;
  /** Eight digits: trace ids that come before it are sampled. Absent: all are. */
  readonly #below: string | undefined;

  constructor(settings: RecorderSettings, resource: Resource) {
    this.#settings = settings;
    this.#resource = resource;
    this.enabled = settings.ratio > 0 || settings.retained !== undefined;
    const below = Math.round(settings.ratio * 2 ** 32);
    this.#below = below >= 2 ** 32 ? undefined : below.toString(16).padStart(8, "0");
  }

  decide(traceId: string): boolean {
    // Digits of one case and number sort as the numbers that they spell.
    return this.#below === undefined || traceId < this.#below;
  }

  root(traceId: string): TraceContext | undefined {
    const sampled = this.decide(traceId);
    if (!sampled && this.#settings.retained === undefined) return undefined;
    return { traceId, spanId: traceId.slice(16), sampled };
  }

  startRoot(definition: SpanDefinition, context: TraceContext | undefined, attributes?: Attributes): Span | undefined {
    if (!this.#records(context)) return undefined;
    const { traceId } = context;
    if (this.#rooted.has(traceId)) return this.start(definition, context, attributes);
    if (this.#rooted.size >= ROOTED) this.#rooted.delete(this.#rooted.values().next().value as string);
    this.#rooted.add(traceId);
    return new RecordedSpan(this.#settings, this.#resource, definition, context, undefined, attributes);
  }

  start(definition: SpanDefinition, parent: TraceContext | undefined, attributes?: Attributes): Span | undefined {
    if (!this.#records(parent)) return undefined;
    const context = { traceId: parent.traceId, spanId: nextSpanId(), sampled: parent.sampled };
    return new RecordedSpan(this.#settings, this.#resource, definition, context, parent, attributes);
  }

  keep(traceId: string): void {
    if (this.#settings.retained === undefined || this.decide(traceId)) return;
    if (this.#settings.retained.keep(traceId, this.#settings.export)) this.#settings.announce(traceId);
  }

  #records(context: TraceContext | undefined): context is TraceContext {
    return context !== undefined && (context.sampled || this.#settings.retained !== undefined);
  }
}

const spanPrefix = randomBytes(4).toString("hex");
let spanNumber = 0;

/** Unique in this process by counting, among processes by chance. */
function nextSpanId(): string {
  spanNumber = (spanNumber + 1) >>> 0 || 1;
  return spanPrefix + spanNumber.toString(16).padStart(8, "0");
}

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;
const SCOPE = { name: "sipmesh" };
const NO_LINKS: Link[] = [];

class RecordedSpan implements Span, ReadableSpan {
  readonly context: TraceContext;
  readonly name: string;
  readonly resource: Resource;
  readonly kind: SpanKind;
  readonly attributes: Record<string, AttributeValue> = {};
  readonly events: TimedEvent[] = [];
  readonly links = NO_LINKS;
  readonly instrumentationScope = SCOPE;
  readonly droppedAttributesCount = 0;
  readonly droppedLinksCount = 0;
  status: ReadableSpan["status"] = { code: SpanStatusCode.UNSET };
  droppedEventsCount = 0;
  ended = false;
  readonly #settings: RecorderSettings;
  readonly #parent: TraceContext | undefined;
  readonly #started: number;
  #ended = 0;

  constructor(
    settings: RecorderSettings,
    resource: Resource,
    definition: SpanDefinition,
    context: TraceContext,
    parent: TraceContext | undefined,
    attributes: Attributes | undefined,
  ) {
    this.#settings = settings;
    this.resource = resource;
    this.context = context;
    this.#parent = parent;
    this.name = definition.name;
    this.kind = KINDS[definition.kind ?? "internal"];
    this.#started = settings.now();
    if (attributes !== undefined) assign(this.attributes, attributes);
  }

  event(name: string, attributes?: Attributes): void {
    if (this.ended) return;
    if (this.events.length >= EVENTS) {
      this.droppedEventsCount += 1;
      return;
    }
    const time = hrTime(this.#settings.now());
    if (attributes === undefined) this.events.push({ time, name });
    else this.events.push({ time, name, attributes: assign({}, attributes) });
  }

  set(attributes: Attributes): void {
    if (!this.ended) assign(this.attributes, attributes);
  }

  fail(reason: string): void {
    if (!this.ended) this.status = { code: SpanStatusCode.ERROR, message: redactText(reason) };
  }

  end(attributes?: Attributes): void {
    if (this.ended) return;
    if (attributes !== undefined) assign(this.attributes, attributes);
    this.ended = true;
    this.#ended = this.#settings.now();
    if (this.context.sampled) this.#settings.export(this);
    else this.#settings.retained?.add(this.context.traceId, this, this.#settings.export);
  }

  // What the exporter reads; made only then.

  get startTime(): HrTime {
    return hrTime(this.#started);
  }

  get endTime(): HrTime {
    return hrTime(this.#ended);
  }

  get duration(): HrTime {
    return hrTime(this.#ended - this.#started);
  }

  get parentSpanContext(): SpanContext {
    // The type says that a span without parent lacks the property; exporters test its value.
    return (this.#parent === undefined ? undefined : spanContext(this.#parent)) as SpanContext;
  }

  spanContext(): SpanContext {
    return spanContext(this.context);
  }
}

function spanContext({ traceId, spanId }: TraceContext): SpanContext {
  // Whatever reaches an exporter was sampled, or is kept because the call failed.
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
}

/** Without the password of a URI, and not longer than people read. The Call-ID finds the call: it stays as it is. */
function shown(name: string, value: string): string {
  const text = value.includes("@") && name !== attribute.callId ? redactText(value) : value;
  return text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text;
}

function assign(to: Record<string, AttributeValue>, from: Attributes): Record<string, AttributeValue> {
  for (const [name, value] of Object.entries(from)) {
    if (value === undefined) continue;
    to[name] = typeof value === "string" ? shown(name, value) : value;
  }
  return to;
}
