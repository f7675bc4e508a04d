import type { ReadableSpan } from "@opentelemetry/sdk-trace";

type Export = (span: ReadableSpan) => void;

/**
 * Spans of traces that are not sampled, held back until a failure asks for them: a ring of bounded size, in which the
 * oldest traces make room.
 */
export class RetainedSpans {
  readonly #spans = new Map<string, ReadableSpan[]>();
  readonly #kept = new Set<string>();
  readonly #most: number;
  #count = 0;

  /** @param most spans held back at most, and trace ids remembered as wanted */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#count;
  }

  /** Takes a span that ended; exports it at once where its trace is wanted already. */
  add(traceId: string, span: ReadableSpan, exportSpan: Export): void {
    if (this.#kept.has(traceId)) {
      exportSpan(span);
      return;
    }
    const known = this.#spans.get(traceId);
    if (known === undefined) this.#spans.set(traceId, [span]);
    else known.push(span);
    this.#count += 1;
    while (this.#count > this.#most) this.#forgetOldest();
  }

  /** Exports what there is of a trace and what still comes. False where it was wanted already. */
  keep(traceId: string, exportSpan: Export): boolean {
    if (this.#kept.has(traceId)) return false;
    this.#kept.add(traceId);
    if (this.#kept.size > this.#most) this.#kept.delete(this.#kept.values().next().value as string);
    const spans = this.#spans.get(traceId) ?? [];
    this.#spans.delete(traceId);
    this.#count -= spans.length;
    for (const span of spans) exportSpan(span);
    return true;
  }

  #forgetOldest(): void {
    const [oldest] = this.#spans;
    if (oldest === undefined) return;
    this.#spans.delete(oldest[0]);
    this.#count -= oldest[1].length;
  }
}
