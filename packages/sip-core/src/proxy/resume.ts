import type { Step } from "../step.ts";
import { askTheWay, settle } from "./proxy.ts";
import type { ProxyEffect, ProxyTools, ResponseContext } from "./response-context.ts";
import { releaseHeld } from "./responses.ts";
import { processRoutes } from "./route-processing.ts";
import { offer } from "./targets.ts";
import { sendAgain, tellServer } from "./transactions.ts";
import { Work } from "./work.ts";

/**
 * Goes on with a context that another member had. What that one asked is asked again, and what it sent last is sent
 * again: whether it still got there nobody knows, and a peer that has it takes it for a retransmission. The timers are
 * for the caller to start, with the time that remained. `route` is read from the request anew.
 */
export function resumeProxy(context: ResponseContext, tools: ProxyTools): Step<ResponseContext, ProxyEffect> {
  const work = new Work(context, tools);
  const { request, flow } = context;
  if (request !== undefined) {
    work.context.route = processRoutes(request, tools.sealer, tools.isOwn, flow.remote.address);
  }
  work.again = true;
  answerCancelAgain(work);
  // What was said to another request was not held back, and its client asks for it until it has heard it.
  if (context.method === "INVITE") tellServer(work, { type: "request" });
  if (work.context.stage === "routing" && work.context.route !== undefined) askTheWay(work, work.context.route);
  for (const index of work.context.branches.keys()) {
    sendAgain(work, index);
    resumeExchange(work, index);
  }
  return settle(work);
}

/** Before the INVITE's final response, as its caller expects it; who has acknowledged that one waits for nothing more. */
function answerCancelAgain(work: Work): void {
  const { cancelAnswer, server } = work.context;
  if (cancelAnswer === undefined || server === undefined || server.state === "Confirmed") return;
  work.respond(cancelAnswer, 200);
}

/** What waited for the media service waits anew: the former answer went to who is gone. */
function resumeExchange(work: Work, index: number): void {
  const { exchange, state } = work.branch(index);
  if (exchange === 0) return;
  work.again = false;
  work.edit(index).exchange = 0;
  if (state === "offering") offer(work, index);
  else releaseHeld(work, index);
  work.again = true;
}
