import { type Flow, isSameAddress, ownText, type Request } from "@sipmesh/sip";
import type { Step } from "../step.ts";
import { startInviteServer } from "../transaction/invite-server.ts";
import { startNonInviteServer } from "../transaction/non-invite-server.ts";
import { advance, answer, finishBranch } from "./answering.ts";
import { answerCancel, cancelBranch, cancelFromUpstream } from "./cancelling.ts";
import { loopMark } from "./loop.ts";
import { maxBreadth, refusalOf } from "./request-validation.ts";
import type { Plan, ProxyEffect, ProxyEvent, ProxyTools, ResponseContext } from "./response-context.ts";
import { takeDescribed, takeFailedBranch, takeResponse } from "./responses.ts";
import { nextHopUri, processRoutes, type RouteInformation } from "./route-processing.ts";
import { isReliable, type Target } from "./target.ts";
import { groupsOf, sendDescribed } from "./targets.ts";
import { takeServer, tellCancel, tellClient, tellServer } from "./transactions.ts";
import { NONE, Work } from "./work.ts";

type Result = Step<ResponseContext, ProxyEffect>;

/**
 * A request other than ACK and CANCEL came that matches no server transaction. `description`: what its session
 * description is; only a PRACK may bring an answer (RFC 3262 section 5). Throws `MessageError` where a header field
 * that decides its way is malformed.
 */
export function startProxy(request: Request, flow: Flow, description: "offer" | "answer", tools: ProxyTools): Result {
  const { method } = request;
  const route = processRoutes(request, tools.sealer, tools.isOwn, flow.remote.address);
  const loop = loopMark(request, route, tools.sealer);
  const sender = route.dialog?.sender ?? "caller";
  // What is kept when the request is let go of must not hold its head.
  const callId = ownText(request.callId);
  const fromTag = ownText(request.from.tag ?? "");
  const toTag = ownText(request.to.tag ?? "");
  const work = new Work(
    {
      method,
      request,
      callId,
      flow,
      callerTag: sender === "caller" ? fromTag : toTag,
      calleeTag: route.dialog === undefined ? "" : sender === "caller" ? toTag : fromTag,
      sender,
      inDialog: route.dialog !== undefined,
      route,
      loop,
      server: undefined,
      stage: "routing",
      plan: undefined,
      queue: NONE,
      branches: NONE,
      best: undefined,
      challenges: NONE,
      cancelled: false,
      cancelAnswer: undefined,
      accepted: false,
      answered: 0,
      description,
      mediaInstance: route.dialog?.token.mediaInstance ?? 0,
      exchanges: 0,
    },
    tools,
  );
  const start = method === "INVITE" ? startInviteServer : startNonInviteServer;
  takeServer(work, start(request, isReliable(flow.transport), tools.timers));
  const refusal = refusalOf(request, loop);
  if (refusal?.status === 200) answer(work, { status: 200, headers: tools.capabilities });
  else if (refusal !== undefined) answer(work, refusal);
  else askTheWay(work, route);
  return settle(work);
}

/** The response context after an event. An event that means nothing to it is without effect. */
export function proxy(context: ResponseContext, event: ProxyEvent, tools: ProxyTools): Result {
  const work = new Work(context, tools);
  take(work, event);
  return settle(work);
}

function take(work: Work, event: ProxyEvent): void {
  switch (event.type) {
    case "request":
      work.edge = newEdge(work, event.flow);
      work.again = true;
      tellServer(work, { type: "request" });
      break;
    case "ack":
      tellServer(work, { type: "ack", message: event.message });
      break;
    case "cancel":
      work.edge = newEdge(work, event.flow);
      answerCancel(work, event.message);
      work.edge = undefined;
      cancelFromUpstream(work);
      advance(work);
      break;
    case "targets":
      takeTargets(work, event.targets, event.plan);
      break;
    case "answer":
      if (work.context.stage === "routing") answer(work, event);
      break;
    case "response":
      if (event.message.cseq.method === "CANCEL") tellCancel(work, event.branch, event);
      else tellClient(work, event.branch, event, event.source);
      break;
    case "described":
      takeExchange(work, event);
      break;
    case "timer":
      takeTimer(work, event);
      break;
    case "unsent":
      takeUnsent(work, event);
      break;
    default:
      event satisfies never;
  }
}

/**
 * The edge that a caller is heard by now, where it is another one of those that share the address: what it has sent is
 * answered by that one (RFC 3261 section 18.2.2), for the former may be gone.
 */
function newEdge({ context }: Work, { edge, transport, local, remote }: Flow): string | undefined {
  const { flow } = context;
  if (edge === flow.edge || isReliable(transport) || transport !== flow.transport) return undefined;
  return isSameAddress(local, flow.local) && isSameAddress(remote, flow.remote) ? edge : undefined;
}

/** RFC 3261 section 16.5: within a dialog the route set decides, outside one routing does. */
export function askTheWay(work: Work, route: RouteInformation): void {
  const { sender } = work.context;
  if (route.dialog === undefined) {
    work.effects.push({ type: "route" });
    return;
  }
  const flow = sender === "caller" ? route.dialog.token.callee : route.dialog.token.caller;
  const { byUri } = route.dialog;
  work.effects.push({ type: "locate", uri: nextHopUri(route), byUri, flow });
}

function takeTargets(work: Work, targets: readonly Target[], plan: Plan): void {
  const { context } = work;
  if (context.stage !== "routing" || context.request === undefined) return;
  const reachable = targets.filter((target) => target.ways.length > 0);
  if (reachable.length === 0) {
    answer(work, { status: 480 });
    return;
  }
  context.plan = plan;
  context.stage = "forwarding";
  context.queue = groupsOf(reachable, maxBreadth(context.request));
  advance(work);
}

function takeExchange(work: Work, event: Extract<ProxyEvent, { type: "described" }>): void {
  const { exchange, sdp, status = 503, instance } = event;
  const index = work.context.branches.findIndex((branch) => branch.exchange === exchange);
  if (index < 0) return;
  if (instance !== 0) work.context.mediaInstance = instance;
  if (work.branch(index).state !== "offering") {
    takeDescribed(work, index, sdp);
  } else if (sdp !== undefined) {
    sendDescribed(work, index, sdp);
  } else {
    finishBranch(work, index, { status });
    advance(work);
  }
}

function takeTimer(work: Work, { owner, branch, timer }: Extract<ProxyEvent, { type: "timer" }>): void {
  if (timer === "C" || timer === "ring") {
    takeRungOut(work, branch);
  } else if (owner === "proxy" && timer === "J") {
    work.context.cancelAnswer = undefined;
  } else if (timer === "after-cancel") {
    // Section 9.1: a callee that does not answer what was cancelled is taken to be gone.
    work.stop("client", branch);
    work.edit(branch).client = undefined;
    takeFailedBranch(work, branch, "timeout");
  } else {
    work.again = timer === "A" || timer === "E" || timer === "G";
    if (owner === "server") tellServer(work, { type: "timer", timer });
    else if (owner === "client") tellClient(work, branch, { type: "timer", timer });
    else if (owner === "cancel") tellCancel(work, branch, { type: "timer", timer });
  }
}

/** Section 16.8: what has rung too long is cancelled and counts as unavailable; what never answered, as timed out. */
function takeRungOut(work: Work, index: number): void {
  const { state } = work.branch(index);
  if (state === "done") return;
  cancelBranch(work, index, state === "proceeding" ? 480 : 408);
  if (state === "calling") finishBranch(work, index, { status: 408 });
  advance(work);
}

function takeUnsent(work: Work, { owner, branch, instead }: Extract<ProxyEvent, { type: "unsent" }>): void {
  const { target, attempt = 0 } = work.context.branches[branch] ?? {};
  if (instead !== undefined && target !== undefined)
    work.edit(branch).target = { ...target, ways: target.ways.toSpliced(attempt + 1, 0, instead) };
  if (owner === "server") tellServer(work, { type: "transport-error" });
  else if (owner === "client") tellClient(work, branch, { type: "transport-error" });
  else tellCancel(work, branch, { type: "transport-error" });
}

/** What the transactions reported is worked off, what nobody can need any more is let go of. */
export function settle(work: Work): Result {
  for (let report = work.reports.shift(); report !== undefined; report = work.reports.shift()) {
    if (report.type === "response") takeResponse(work, report.branch, report.message, report.source);
    else if (report.type === "failed") takeFailedBranch(work, report.branch, report.cause);
    else work.effects.push({ type: "acknowledge", message: report.message });
  }
  const { context } = work;
  if (context.stage === "over" && context.request !== undefined && context.branches.every(isQuiet)) {
    context.request = undefined;
    context.route = undefined;
    context.best = undefined;
    context.challenges = NONE;
  }
  if (isOver(context)) work.effects.push({ type: "terminated" });
  return work.done;
}

function isQuiet(branch: ResponseContext["branches"][number]): boolean {
  return branch.state === "done" && branch.exchange === 0;
}

function isOver(context: ResponseContext): boolean {
  return (
    context.stage === "over" &&
    context.server === undefined &&
    (context.cancelAnswer === undefined || isReliable(context.flow.transport)) &&
    context.branches.every((b) => b.client === undefined && b.cancelling === undefined && isQuiet(b))
  );
}
