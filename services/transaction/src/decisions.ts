import type { RegisterReply } from "@sipmesh/proto/location";
import {
  type HeaderField,
  MediaPolicy,
  type NextHop,
  type Proxy as ProxyDecision,
  type RouteDecision,
} from "@sipmesh/proto/routing";
import type { Plan, MediaPolicy as Policy, ProxyEvent, Target, Way } from "@sipmesh/sip-core";
import type { Edges } from "./edges.ts";
import { flowOf, transportOf } from "./wire.ts";

type Answer = Extract<ProxyEvent, { type: "answer" }>;
type Headers = NonNullable<Answer["headers"]>;

/**
 * Where a request goes by routing's word. `realm`: of the credentials that it took; `vouched`: a subscriber or a trunk sends it. `ring`: milliseconds that a target
 * may ring where routing does not say.
 */
export function targetsOf(
  decision: ProxyDecision,
  { realm, vouched = false }: Pick<RouteDecision, "realm" | "vouched">,
  edges: Edges,
  edge: string,
  bounds: { readonly ring: number; readonly targets: number },
): Extract<ProxyEvent, { type: "targets" }> {
  const plan: Plan = {
    recordRoute: decision.recordRoute,
    media: policies[decision.media] ?? "never",
    ringTime: decision.ringTime > 0 ? decision.ringTime * 1000 : bounds.ring,
    vouched,
    consumedRealm: realm === "" ? undefined : realm,
  };
  const targets = decision.targets.slice(0, bounds.targets).map(({ uri, route, flow, q, hops, nat }): Target => {
    const over = flowOf(flow);
    const ways: Way[] = over !== undefined && edges.has(over.edge) ? [edges.wayOver(over)] : [];
    return { uri, route, q, nat, ways: [...ways, ...waysOf(hops, edges, edge)] };
  });
  return { type: "targets", targets, plan };
}

/** The ways to the next hops of a name, in order. */
export function waysOf(hops: readonly NextHop[], edges: Edges, edge: string): Way[] {
  const ways: Way[] = [];
  for (const { transport, address, host } of hops) {
    const known = transportOf(transport);
    const way = known && address && edges.wayTo(edge, known, address, host);
    if (way !== undefined) ways.push(way);
  }
  return ways;
}

export function redirectAnswer(status: number, contacts: readonly string[]): Answer {
  return { type: "answer", status, headers: contacts.map((contact) => ["Contact", contact] as const) };
}

export function challengeAnswer(status: number, values: readonly string[]): Answer {
  const name = status === 401 ? "WWW-Authenticate" : "Proxy-Authenticate";
  return { type: "answer", status, headers: values.map((value) => [name, value] as const) };
}

export function replyAnswer(reply: Pick<RegisterReply, "status" | "reason" | "headerFields">): Answer {
  return { type: "answer", status: reply.status, reason: reply.reason, headers: headersOf(reply.headerFields) };
}

function headersOf(fields: readonly HeaderField[]): Headers {
  return fields.map(({ name, value }) => [name, value] as const);
}

const policies: Readonly<Record<number, Policy>> = {
  [MediaPolicy.MEDIA_POLICY_ALWAYS]: "always",
  [MediaPolicy.MEDIA_POLICY_NAT]: "nat",
  [MediaPolicy.MEDIA_POLICY_NEVER]: "never",
};
