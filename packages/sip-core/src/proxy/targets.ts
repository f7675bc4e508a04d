import { Name } from "@sipmesh/sip";
import { hostsOf, uriOf } from "./dialog-hosts.ts";
import { sealDialogToken } from "./dialog-token.ts";
import { referenceTo } from "./flow-reference.ts";
import { type Forwarding, forwardRequest, recordRouteValue } from "./forward-request.ts";
import { branchFor } from "./loop.ts";
import { behindNat } from "./nat.ts";
import { maxBreadth } from "./request-validation.ts";
import type { Branch, Plan } from "./response-context.ts";
import { descriptionIn, withDescription } from "./session-description.ts";
import { isReliable, type Target, type Way } from "./target.ts";
import { startClient } from "./transactions.ts";
import { upstreamToken } from "./upstream-token.ts";
import { NONE, type Work } from "./work.ts";

/** Targets of the same preference together, the best first (RFC 3261 section 16.6), none of the groups too broad. */
export function groupsOf(targets: readonly Target[], breadth: number): (readonly Target[])[] {
  const groups: Target[][] = [];
  for (const target of targets.toSorted((a, b) => b.q - a.q)) {
    const last = groups.at(-1);
    if (last !== undefined && last[0]?.q === target.q && last.length < breadth) last.push(target);
    else groups.push([target]);
  }
  return groups;
}

/** Sends the request to every target of the next group. */
export function tryNextGroup(work: Work): void {
  const [group = [], ...rest] = work.context.queue;
  work.context.queue = rest;
  for (const target of group) tryTarget(work, target, 0, breadthOf(work, group.length));
}

/** The next address of the same target (RFC 3263 section 4.3): a new branch, as it is a new transaction. */
export function tryNextWay(work: Work, branch: Branch): boolean {
  const { target, attempt } = branch;
  if (target === undefined || target.ways[attempt + 1] === undefined) return false;
  tryTarget(work, target, attempt + 1, breadthOf(work, 1));
  return true;
}

/** RFC 5393 section 5.3.3: what we were granted is shared among those that we send to. */
function breadthOf(work: Work, branches: number): number | undefined {
  const { request } = work.context;
  if (request === undefined || (branches === 1 && !request.has(Name.MaxBreadth))) return undefined;
  return Math.max(1, Math.floor(maxBreadth(request) / branches));
}

function tryTarget(work: Work, target: Target, attempt: number, breadth: number | undefined): void {
  const { context, tools } = work;
  const { request, plan } = context;
  const way = target.ways[attempt];
  if (request === undefined || plan === undefined || way === undefined) return;
  const id = branchFor(request, `${target.uri} ${placeOf(way)}`, attempt, context.loop, tools.sealer);
  // The same place twice would be the same transaction twice.
  if (context.branches.some((branch) => branch.id === id)) return;
  const index = context.branches.length;
  const media = passesMedia(work, plan, target);
  const branch: Branch = {
    id,
    target,
    attempt,
    way,
    state: "offering",
    client: undefined,
    cancel: "no",
    cancelling: undefined,
    verdict: 0,
    recordRoute: undefined,
    breadth,
    media,
    offered: false,
    held: NONE,
    exchange: 0,
    described: NONE,
  };
  context.branches = [...context.branches, branch];
  offer(work, index);
}

/** Sends the request, or has the media service see its description first. */
export function offer(work: Work, index: number): void {
  const { request, method } = work.context;
  if (request === undefined) return;
  const part = work.branch(index).media && describesSessions(method) ? descriptionIn(request) : undefined;
  if (part === undefined) send(work, index);
  else askMedia(work, index, request.body.subarray(part.start, part.end));
}

/** The media service has seen the request's description, or the request had none. */
export function sendDescribed(work: Work, index: number, sdp: Uint8Array): void {
  const { request, description } = work.context;
  const part = request && descriptionIn(request);
  if (request === undefined || part === undefined) return;
  const branch = work.edit(index);
  branch.exchange = 0;
  branch.offered = description === "offer";
  send(work, index, withDescription(request.body, part, sdp));
}

function send(work: Work, index: number, body?: Uint8Array): void {
  const { context, tools } = work;
  const { request, plan, route } = context;
  const branch = work.branch(index);
  const { target, way } = branch;
  if (request === undefined || plan === undefined || target === undefined || route === undefined) return;
  const token = plan.recordRoute && formsDialog(context.method, request.to.tag) ? dialogToken(work, branch) : undefined;
  const sent = token && recordRouteValue(token, way, tools.sentBy);
  const shown = token && recordRouteValue(token, context.flow, tools.sentBy);
  const forwarding: Forwarding = {
    route,
    target,
    way,
    branch: branch.id,
    upstream: upstreamToken(context.flow, tools.owner, context.callId, tools.sealer),
    sentBy: tools.sentBy,
    recordRoute: sent,
    maxBreadth: branch.breadth,
    body,
    consumedRealm: plan.consumedRealm,
  };
  if (sent !== undefined && shown !== undefined && sent !== shown) work.edit(index).recordRoute = { sent, shown };
  startClient(work, index, forwardRequest(request, forwarding));
  if (context.method === "INVITE") boundRinging(work, index, plan);
}

/**
 * Timer C (section 16.6 item 11) runs anew with each provisional response; the bound on ringing does not. Where the
 * bound comes first, Timer C could never fire.
 */
function boundRinging(work: Work, index: number, plan: Plan): void {
  const { timerC } = work.tools.timers;
  if (plan.ringTime > 0) work.start("proxy", index, "ring", plan.ringTime);
  if (plan.ringTime === 0 || plan.ringTime > timerC) work.start("proxy", index, "C", timerC);
}

/** Methods whose later requests follow a route set (RFC 3261 section 16.6 item 4, RFC 6665, RFC 3515). */
function formsDialog(method: string, toTag: string | undefined): boolean {
  return toTag === undefined && (method === "INVITE" || method === "SUBSCRIBE" || method === "REFER");
}

function dialogToken(work: Work, branch: Branch): string {
  const { request, flow, callId, callerTag, mediaInstance } = work.context;
  const { target, way } = branch;
  const next = target?.route[0] ?? work.context.route?.routes[0];
  const hosts =
    request &&
    hostsOf(
      {
        request,
        source: flow.remote.address,
        vouched: work.context.plan?.vouched === true,
        next: next === undefined ? (target?.uri ?? "") : uriOf(next),
        reached: way.remote?.address,
      },
      callId,
      work.tools.sealer,
    );
  const callerByFlow =
    request !== undefined && (isReliable(flow.transport) || behindNat(request, flow) || hosts?.caller === 0);
  const token = {
    media: branch.media,
    mediaInstance,
    caller: callerByFlow ? referenceTo(flow) : undefined,
    callee: way.flow && referenceTo(way.flow),
    hosts,
  };
  return sealDialogToken(token, work.tools.sealer, callId, callerTag);
}

/** Methods that carry offers and answers (RFC 3264, RFC 3262, RFC 3311). */
export function describesSessions(method: string): boolean {
  return method === "INVITE" || method === "UPDATE" || method === "PRACK";
}

function passesMedia(work: Work, plan: Plan, target: Target): boolean {
  const { context } = work;
  if (plan.media === "never" || context.request === undefined) return false;
  if (!describesSessions(context.method) && context.method !== "BYE") return false;
  return plan.media === "always" || target.nat || behindNat(context.request, context.flow);
}

function askMedia(work: Work, index: number, sdp: Uint8Array): void {
  const { context } = work;
  const branch = work.branch(index);
  const exchange = ++context.exchanges;
  work.edit(index).exchange = exchange;
  work.effects.push({
    type: "media",
    verb: context.description,
    exchange,
    branch: index,
    from: context.sender,
    ...legOf(work, branch),
    sdp,
    toward: branch.way.local.address,
    source: context.flow.remote.address,
  });
}

/** A leg is known by its client transaction until the callee has a tag, within a dialog by that tag. */
export function legOf(work: Work, branch: Branch, toTag = ""): { calleeTag: string; leg: string } {
  const { inDialog, calleeTag } = work.context;
  return !inDialog ? { calleeTag: toTag, leg: branch.id } : { calleeTag, leg: "" };
}

function placeOf(way: Way): string {
  const remote = way.flow?.remote ?? way.remote;
  return `${way.transport} ${remote?.address ?? ""} ${remote?.port ?? ""} ${way.flow?.connection ?? ""}`;
}
