import type { Request } from "@sipmesh/sip";
import { cancelFor, response } from "@sipmesh/sip";
import { transactionLife } from "../transaction/timers.ts";
import { answer, finishBranch } from "./answering.ts";
import { localTag } from "./local-tag.ts";
import { isReliable } from "./target.ts";
import { startCancel } from "./transactions.ts";
import { NONE, type Work } from "./work.ts";

/** The CANCEL's server transaction: it is answered at once, and alike when it comes again (RFC 3261 section 16.10). */
export function answerCancel(work: Work, cancel: Request): void {
  const { context, tools } = work;
  if (context.cancelAnswer !== undefined) {
    work.again = true;
    work.respond(context.cancelAnswer, 200);
    return;
  }
  context.cancelAnswer = response(cancel, 200, { toTag: localTag(cancel, tools.sealer) });
  work.respond(context.cancelAnswer, 200);
  // Until then its retransmissions are answered alike, though the INVITE may be over before.
  if (!isReliable(context.flow.transport)) work.start("proxy", -1, "J", transactionLife(tools.timers));
}

/** The caller gives up: the INVITE is answered when its branches are. */
export function cancelFromUpstream(work: Work): void {
  const { context } = work;
  if (context.method !== "INVITE" || context.cancelled || context.accepted || context.answered !== 0) return;
  context.cancelled = true;
  if (context.stage === "routing") answer(work, { status: 487 });
  else cancelPending(work, 487);
}

/**
 * Ends what is pending: by CANCEL where a provisional response was seen, else as soon as one is. `verdict`: what a
 * branch counts as that says no more than that it was cancelled.
 */
export function cancelPending(work: Work, verdict: number): void {
  if (work.context.queue.length > 0) work.context.queue = NONE;
  for (const index of work.context.branches.keys()) cancelBranch(work, index, verdict);
}

export function cancelBranch(work: Work, index: number, verdict: number): void {
  const branch = work.branch(index);
  if (branch.state === "done" || branch.cancel === "sent") return;
  const edited = work.edit(index);
  edited.cancel = "wanted";
  edited.verdict = branch.verdict || verdict;
  if (branch.state === "offering") finishBranch(work, index, { status: verdict });
  else if (branch.state === "proceeding") sendCancel(work, index);
}

/** A CANCEL may go from here on (section 9.1); the callee has 64·T1 to answer its INVITE. */
export function sendCancel(work: Work, index: number): void {
  const { client } = work.branch(index);
  // Nothing but an INVITE is worth a CANCEL (section 9.1).
  if (client?.machine !== "invite-client" || !("invite" in client)) return;
  work.edit(index).cancel = "sent";
  work.stop("proxy", index);
  work.start("proxy", index, "after-cancel", transactionLife(work.tools.timers));
  startCancel(work, index, cancelFor(client.invite));
}
