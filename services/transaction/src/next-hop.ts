import type { TraceContext } from "@sipmesh/proto/flow";
import type { Flow } from "@sipmesh/sip";
import type { FlowReference, Way } from "@sipmesh/sip-core";
import { waysOf } from "./decisions.ts";
import { type Edges, literalHop } from "./edges.ts";
import type { Questions } from "./questions.ts";

/** The ways inside a dialog, or the status that says why there is none. */
export type Found = { readonly ways: readonly Way[] } | { readonly status: number; readonly reason: string };

/** What a dialog's token says of the way. */
export interface DialogWay {
  readonly uri: string;
  /** Whether it may go where the URI leads. */
  readonly byUri: boolean;
  readonly flow?: FlowReference | undefined;
}

/**
 * Where a request within a dialog goes: over the flow that its token names while that is there, else where the URI
 * leads, should that be allowed. Mostly known at once; a promise only where a name must be looked up.
 */
export function nextHop(
  { uri, byUri, flow: reference }: DialogWay,
  from: Flow,
  edges: Edges,
  questions: Questions,
  trace: TraceContext | undefined,
): Found | Promise<Found> {
  const flow = reference && edges.flowOf(reference);
  // A UDP flow lives as long as its edge; a connection may have ended, and its peer may listen.
  if (flow?.transport === "udp") return { ways: [edges.wayOver(flow)] };
  const ways = flow === undefined ? [] : [edges.wayOver(flow)];
  if (!byUri) return ways.length > 0 ? { ways } : { status: 480, reason: "The Flow Is Gone" };
  const literal = literalHop(uri);
  if (literal !== undefined) {
    const way = edges.wayTo(from.edge, literal.transport, literal.remote, "");
    return { ways: way === undefined ? ways : [...ways, way] };
  }
  if (ways.length > 0) return { ways };
  return questions.locate(uri, from, trace).then(({ hops, status, reason }) => {
    const found = waysOf(hops, edges, from.edge);
    return found.length > 0 ? { ways: found } : { status: status || 404, reason };
  });
}
