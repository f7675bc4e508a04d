import type { TraceContext } from "@sipmesh/proto/flow";
import type { Flow } from "@sipmesh/sip";
import type { FlowReference, Way } from "@sipmesh/sip-core";
import { waysOf } from "./decisions.ts";
import { type Edges, literalHop } from "./edges.ts";
import type { Questions } from "./questions.ts";
import { flowOf } from "./wire.ts";

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
 * Where a request within a dialog goes: over the flow that its token names while that is there, else over the one by which
 * its phone has registered since, else where the URI leads, should that be allowed, else, over UDP, to where its phone was
 * last seen. Mostly known at once; a promise only where a name must be looked up, or a flow is gone or about to go.
 * @param to the To value of the request
 */
export function nextHop(
  way: DialogWay,
  to: string,
  from: Flow,
  edges: Edges,
  questions: Questions,
  trace: TraceContext | undefined,
): Found | Promise<Found> {
  const { uri, flow: reference } = way;
  const flow = reference && edges.flowOf(reference);
  // A UDP flow lives as long as its edge; a connection may have ended, and its peer may listen.
  if (flow?.transport === "udp") return { ways: [edges.wayOver(flow)] };
  const over = flow === undefined ? [] : [edges.wayOver(flow)];
  const otherwise = () => withUri(way, over, from, edges, questions, trace);
  const stays = flow === undefined ? reference === undefined : !edges.leaves(flow.edge);
  if (stays) return otherwise();
  return registeredSince(uri, to, from, edges, questions, trace).then(
    (since) => (since === undefined ? otherwise() : { ways: [since, ...over] }),
    async (error: unknown) => {
      const found = await otherwise();
      if ("status" in found) throw error;
      return found;
    },
  );
}

/** Over what there is, and where the URI leads, should that be allowed; where nothing is, also to where the phone was seen. */
function withUri(
  { uri, byUri, flow: reference }: DialogWay,
  over: readonly Way[],
  from: Flow,
  edges: Edges,
  questions: Questions,
  trace: TraceContext | undefined,
): Found | Promise<Found> {
  const seen = over.length > 0 ? undefined : whereSeen(reference, from, edges);
  const last = seen === undefined ? over : [seen];
  if (!byUri) return last.length > 0 ? { ways: last } : { status: 480, reason: "The Flow Is Gone" };
  const literal = literalHop(uri);
  if (literal !== undefined) {
    const way = edges.wayTo(from.edge, literal.transport, literal.remote, "");
    if (way === undefined) return { ways: last };
    return { ways: seen === undefined ? [...over, way] : eitherPlace(way, seen) };
  }
  if (over.length > 0) return { ways: over };
  return questions.locate(uri, from, trace).then(
    ({ hops, status, reason }) => {
      const found = withLast(waysOf(hops, edges, from.edge), last);
      return found.length > 0 ? { ways: found } : { status: status || 404, reason };
    },
    (error: unknown) => {
      if (last.length === 0) throw error;
      return { ways: last };
    },
  );
}

/** Over UDP another edge can try the address that the flow led to; of a connection nothing is left with its edge. */
function whereSeen(reference: FlowReference | undefined, from: Flow, edges: Edges): Way | undefined {
  return reference?.remote && edges.wayTo(from.edge, "udp", reference.remote, "");
}

/** Who was seen at another address than its URI says is behind a NAT: there the URI leads nowhere. */
function eitherPlace(uri: Way, seen: Way): readonly Way[] {
  return uri.remote?.address === seen.remote?.address ? withLast([uri], [seen]) : [seen, uri];
}

/** The same place twice would be waited for twice. */
function withLast(ways: readonly Way[], last: readonly Way[]): readonly Way[] {
  const isThere = ({ transport, remote }: Way) =>
    ways.some(
      (way) =>
        way.transport === transport && way.remote?.address === remote?.address && way.remote?.port === remote?.port,
    );
  return [...ways, ...last.filter((way) => !isThere(way))];
}

/** The way over the flow by which a contact is registered now, where the dialog's own flow is gone or about to go. */
export async function registeredSince(
  uri: string,
  to: string,
  from: Flow,
  edges: Edges,
  questions: Questions,
  trace: TraceContext | undefined,
): Promise<Way | undefined> {
  const { flow: wire } = await questions.locate(uri, from, trace, to);
  const flow = flowOf(wire);
  return flow && edges.has(flow.edge) ? edges.wayOver(flow) : undefined;
}
