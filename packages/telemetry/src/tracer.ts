import type { SpanDefinition } from "./catalogue.ts";

/** What travels with a message so that the next service's spans find their parent (W3C trace context). */
export interface TraceContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits: the parent of what is started under this context. */
  readonly spanId: string;
  /** False: recorded for the case that the call fails, exported only then. */
  readonly sampled: boolean;
}

export type AttributeValue = string | number | boolean;
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/**
 * Makes spans, or nothing: for a call that is not kept, `root` and `start` return undefined and create nothing, so
 * callers write `span?.event(…)`.
 */
export interface Tracer {
  /** False: nothing is ever recorded, so trace ids need not even be computed. */
  readonly enabled: boolean;
  /** Whether this trace is exported from the start: by its id alone, so every service decides alike. */
  decide(traceId: string): boolean;
  /**
   * The context that every request of the call starts from, known without shared state: its span id is derived from
   * the trace id. Undefined where nothing of the trace is recorded.
   */
  root(traceId: string): TraceContext | undefined;
  /**
   * Starts the span that the context of `root` names, for the request that opens the call: every other span of the call
   * is below it. Where this process started it lately (the same call, now with credentials), a span below it.
   */
  startRoot(definition: SpanDefinition, context: TraceContext | undefined, attributes?: Attributes): Span | undefined;
  /** Starts a span below `parent`; undefined where there is none. */
  start(definition: SpanDefinition, parent: TraceContext | undefined, attributes?: Attributes): Span | undefined;
  /**
   * The call failed: exports what was recorded of this trace without being sampled, here and (by signal) in every other
   * process, and what still comes. Does nothing where the trace is sampled anyway or failed calls are not kept.
   */
  keep(traceId: string): void;
}

/** A span that is being recorded. After `end` all verbs do nothing. */
export interface Span {
  readonly context: TraceContext;
  event(name: string, attributes?: Attributes): void;
  set(attributes: Attributes): void;
  /** Sets the status to error. */
  fail(reason: string): void;
  end(attributes?: Attributes): void;
}

/** Records nothing. */
export const silentTracer: Tracer = {
  enabled: false,
  decide: () => false,
  root: () => undefined,
  startRoot: () => undefined,
  start: () => undefined,
  keep() {},
};
