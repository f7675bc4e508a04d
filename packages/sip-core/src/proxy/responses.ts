import type { Response } from "@sipmesh/sip";
import { advance, conclude, endBranch, finishBranch, releaseLeg } from "./answering.ts";
import { cancelPending, sendCancel } from "./cancelling.ts";
import { forwardResponse } from "./forward-response.ts";
import type { Branch, Held } from "./response-context.ts";
import { type DescriptionPart, descriptionIn, sameBytes, withDescription } from "./session-description.ts";
import { describesSessions, legOf, tryNextWay } from "./targets.ts";
import { tellServer } from "./transactions.ts";
import type { Work } from "./work.ts";

/** A client transaction passes a response up (RFC 3261 section 16.7). */
export function takeResponse(work: Work, index: number, message: Response, source: string): void {
  const { status } = message;
  if (status < 200) takeProvisional(work, index, message, source);
  else if (status < 300) takeSuccess(work, index, message, source);
  else takeFailure(work, index, message);
}

/** A client transaction gave up (sections 16.8, 16.9): as if it had been answered 408, 480 or 503. */
export function takeFailedBranch(work: Work, index: number, cause: "timeout" | "transport"): void {
  const branch = work.branch(index);
  if (branch.state === "done") return;
  // A flow that is gone takes its phone with it; a next hop that cannot be reached is our own trouble.
  const unreachable = branch.target?.ways[0]?.flow === undefined ? 503 : 480;
  const status = branch.verdict || (cause === "timeout" ? 408 : unreachable);
  // RFC 3263 section 4.3. Of a non-INVITE that timed out, nobody upstream waits for the outcome any more.
  const unheard = branch.state === "calling" && work.context.method === "INVITE";
  if ((cause === "transport" || unheard) && tryElsewhere(work, branch)) endBranch(work, index, status, true);
  else finishBranch(work, index, { status });
  advance(work);
}

function takeProvisional(work: Work, index: number, message: Response, source: string): void {
  const { context } = work;
  const branch = work.branch(index);
  if (branch.state === "calling") work.edit(index).state = "proceeding";
  if (branch.cancel === "wanted") sendCancel(work, index);
  if (branch.state === "done" || message.status === 100) return;
  if (context.method === "INVITE" && branch.cancel === "no") refreshTimerC(work, index);
  if (context.answered === 0) hold(work, index, message, source);
}

/** Item 2 of section 16.7: not by a 100, which comes from the next hop alone. */
function refreshTimerC(work: Work, index: number): void {
  const ringTime = work.context.plan?.ringTime ?? 0;
  const { timerC } = work.tools.timers;
  if (ringTime === 0 || ringTime > timerC) work.start("proxy", index, "C", timerC);
}

/** Every 2xx to an INVITE goes upstream, whatever went before (item 5); the other branches are cancelled (item 10). */
function takeSuccess(work: Work, index: number, message: Response, source: string): void {
  const { context } = work;
  const branch = work.branch(index);
  if (context.method !== "INVITE" && (context.accepted || context.answered !== 0)) {
    // Another branch was faster: nobody hears this one, but it is over.
    if (branch.state !== "done") endBranch(work, index, message.status, false);
    advance(work);
    return;
  }
  if (context.method !== "INVITE" && branch.state === "done") return;
  context.accepted = true;
  work.stop("proxy", index);
  if (branch.state !== "done") {
    const edited = work.edit(index);
    edited.state = "done";
    edited.target = undefined;
    work.effects.push({ type: "tried", branch: index, status: message.status, local: false });
    if (context.method === "BYE" && branch.media) releaseLeg(work, index, "delete");
  }
  cancelPending(work, 487);
  hold(work, index, message, source);
  advance(work);
}

function takeFailure(work: Work, index: number, message: Response): void {
  const branch = work.branch(index);
  if (branch.state === "done") return;
  const { status } = message;
  if (status === 503 && tryElsewhere(work, branch)) {
    endBranch(work, index, status, false);
  } else if (status === 487 && branch.verdict !== 0 && branch.verdict !== 487) {
    // That it was cancelled is our own doing; the caller hears why.
    finishBranch(work, index, { status: branch.verdict });
  } else {
    finishBranch(work, index, { status, response: message });
    if (status >= 600) cancelPending(work, 487);
  }
  advance(work);
}

/** RFC 3263 section 4.3: that host could not, the target may have others. */
function tryElsewhere(work: Work, branch: Branch): boolean {
  const { cancelled, accepted } = work.context;
  return !cancelled && !accepted && branch.cancel === "no" && tryNextWay(work, branch);
}

/** Responses of a branch keep their order: one whose description is at the media service holds up those after it. */
function hold(work: Work, index: number, response: Response, source: string): void {
  const branch = work.branch(index);
  if (branch.held.length === 0 && !passesMedia(work, branch, response)) {
    passOn(work, index, response);
    return;
  }
  work.edit(index).held = [...branch.held, { response, source }];
  releaseHeld(work, index);
}

/** Passes on what need not wait any more. */
export function releaseHeld(work: Work, index: number): void {
  for (;;) {
    const branch = work.branch(index);
    const [first, ...rest] = branch.held;
    if (first === undefined || branch.exchange !== 0) return;
    const part = passesMedia(work, branch, first.response);
    if (part === undefined) {
      work.edit(index).held = rest;
      passOn(work, index, first.response);
      continue;
    }
    const sdp = first.response.body.subarray(part.start, part.end);
    const tag = first.response.to.tag ?? "";
    const seen = branch.described.find((known) => known.tag === tag && sameBytes(known.received, sdp));
    if (seen === undefined) {
      askMedia(work, index, first, sdp);
      return;
    }
    work.edit(index).held = rest;
    passOn(work, index, first.response, withDescription(first.response.body, part, seen.sent));
  }
}

function passesMedia(work: Work, branch: Branch, response: Response): DescriptionPart | undefined {
  return branch.media && describesSessions(work.context.method) ? descriptionIn(response) : undefined;
}

/** The media service has seen the description of the first response held; without `sdp` it is away. */
export function takeDescribed(work: Work, index: number, sdp: Uint8Array | undefined): void {
  const branch = work.branch(index);
  const first = branch.held[0]?.response;
  const part = first && descriptionIn(first);
  work.edit(index).exchange = 0;
  if (first !== undefined && part !== undefined) {
    const received = first.body.subarray(part.start, part.end);
    // What is answered must reach the caller: without the media service, as the callee said it.
    const known = { tag: first.to.tag ?? "", received, sent: sdp ?? received };
    work.edit(index).described = [...branch.described, known];
  }
  releaseHeld(work, index);
}

function askMedia(work: Work, index: number, { response, source }: Held, sdp: Uint8Array): void {
  const { context } = work;
  const branch = work.branch(index);
  const exchange = ++context.exchanges;
  work.edit(index).exchange = exchange;
  work.effects.push({
    type: "media",
    verb: branch.offered ? "answer" : "offer",
    exchange,
    branch: index,
    from: context.sender === "caller" ? "callee" : "caller",
    ...legOf(work, branch, response.to.tag),
    sdp,
    toward: context.flow.local.address,
    source,
  });
}

function passOn(work: Work, index: number, received: Response, body?: Uint8Array): void {
  const { context } = work;
  const { status } = received;
  if (status < 200 && context.answered !== 0) return;
  const { recordRoute } = work.branch(index);
  const message = forwardResponse(received, { body, recordRoute });
  if (status >= 200) conclude(work, status);
  const { server } = context;
  const takes = server !== undefined && server.state !== "Completed" && server.state !== "Confirmed";
  if (context.method === "INVITE" && status >= 200 && !takes) {
    // Another final response has gone before, or the transaction is over: a 2xx goes all the same (item 5).
    work.respond(message, status);
  } else {
    tellServer(work, { type: "respond", message, status });
  }
}
