import { response } from "@sipmesh/sip";
import { isChallenge, rank } from "./best-response.ts";
import { challengesIn, forwardResponse } from "./forward-response.ts";
import { localTag } from "./local-tag.ts";
import type { Candidate } from "./response-context.ts";
import { legOf, tryNextGroup } from "./targets.ts";
import { tellServer } from "./transactions.ts";
import { NONE, type Work } from "./work.ts";

/** An answer of our own. */
export interface LocalAnswer {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly (readonly [string, string])[];
}

/** A branch has its final response other than 2xx, or will never have one (RFC 3261 section 16.7 items 4 to 6). */
export function finishBranch(work: Work, index: number, candidate: Candidate): void {
  if (work.branch(index).state === "done") return;
  endBranch(work, index, candidate.response?.status ?? candidate.status, candidate.response === undefined);
  consider(work, candidate);
  if (candidate.status >= 600) work.context.queue = NONE;
}

/** Nothing more is tried for a branch; what it came to is no candidate where another address goes on for it. */
export function endBranch(work: Work, index: number, status: number, local: boolean): void {
  releaseMedia(work, index);
  const branch = work.edit(index);
  branch.state = "done";
  branch.target = undefined;
  branch.held = NONE;
  branch.exchange = 0;
  work.stop("proxy", index);
  work.effects.push({ type: "tried", branch: index, status, local });
}

/** All that is pending has answered: on to targets of lower preference, or upstream with the best response. */
export function advance(work: Work): void {
  const { context } = work;
  while (context.stage === "forwarding" && context.branches.every((branch) => branch.state === "done")) {
    if (context.accepted || context.answered !== 0) context.stage = "over";
    else if (context.queue.length > 0) tryNextGroup(work);
    else answerBest(work);
  }
}

/** Sends an answer of our own; nothing more is tried. */
export function answer(work: Work, local: LocalAnswer): void {
  const { context, tools } = work;
  const { request } = context;
  context.stage = "over";
  if (request === undefined || context.answered !== 0 || context.accepted) return;
  const draft = response(request, local.status, {
    toTag: localTag(request, tools.sealer),
    ...(local.reason !== undefined && local.reason !== "" && { reason: local.reason }),
    ...(local.headers && { headers: local.headers }),
  });
  conclude(work, local.status);
  tellServer(work, { type: "respond", message: draft, status: local.status });
}

/** The first final response goes upstream: told once. */
export function conclude(work: Work, status: number): void {
  if (work.context.answered !== 0) return;
  work.context.answered = status;
  work.effects.push({ type: "answered", status });
}

function consider(work: Work, candidate: Candidate): void {
  const { context } = work;
  const { best } = context;
  const better = best === undefined || rank(candidate.status) < rank(best.status);
  const other = better ? best : candidate;
  // Item 7: who can answer one of several challenges must see them all.
  if (other?.response !== undefined && isChallenge(other.response.status)) {
    context.challenges = [...context.challenges, ...challengesIn(other.response)];
  }
  if (better) context.best = candidate;
}

function answerBest(work: Work): void {
  const { context } = work;
  const { best } = context;
  if (best?.response === undefined) {
    const status = best?.status ?? 408;
    answer(work, { status: context.cancelled && status === 408 ? 487 : status });
    return;
  }
  context.stage = "over";
  // Item 6: a 503 speaks for one next hop, not for us.
  const status = best.status === 503 ? 500 : best.status;
  const challenges = isChallenge(status) ? context.challenges : [];
  conclude(work, status);
  tellServer(work, { type: "respond", message: forwardResponse(best.response, { status, challenges }), status });
}

/** Within a dialog a refused offer leaves what was agreed before; outside one, the leg has come to nothing. */
function releaseMedia(work: Work, index: number): void {
  const { context } = work;
  const branch = work.branch(index);
  if (!branch.media) return;
  const inDialog = context.inDialog;
  if (context.method === "BYE") releaseLeg(work, index, "delete");
  else if (branch.offered || branch.state === "offering") releaseLeg(work, index, inDialog ? "reject" : "delete");
}

export function releaseLeg(work: Work, index: number, verb: "reject" | "delete"): void {
  work.effects.push({ type: "release", verb, from: work.context.sender, ...legOf(work, work.branch(index)) });
}
