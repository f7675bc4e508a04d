import type { Draft, Response } from "@sipmesh/sip";
import type { Step } from "../step.ts";
import type { ClientEvent, ServerEvent, TransactionEffect } from "../transaction/effects.ts";
import { type InviteClient, inviteClient, startInviteClient } from "../transaction/invite-client.ts";
import { type InviteServer, inviteServer } from "../transaction/invite-server.ts";
import { type NonInviteClient, nonInviteClient, startNonInviteClient } from "../transaction/non-invite-client.ts";
import { type NonInviteServer, nonInviteServer } from "../transaction/non-invite-server.ts";
import type { Owner } from "./response-context.ts";
import { isReliable } from "./target.ts";
import type { Work } from "./work.ts";

type Server = InviteServer | NonInviteServer;
type Client = InviteClient | NonInviteClient;

/** Takes a step of the server transaction over into the context. */
export function takeServer(work: Work, step: Step<Server, TransactionEffect>, status = 0): void {
  work.context.server = step.state.state === "Terminated" ? undefined : step.state;
  for (const effect of step.effects) {
    switch (effect.type) {
      case "send":
        work.respond(effect.message, status);
        break;
      case "pass":
        if (effect.message.kind === "request" && effect.message.method === "ACK") {
          work.reports.push({ type: "acknowledged", message: effect.message });
        }
        break;
      case "failed":
        // Nobody upstream to tell (RFC 3261 section 17.2.4): the branches end by themselves.
        break;
      default:
        takeTimer(work, effect, "server", -1);
    }
  }
}

export function tellServer(work: Work, event: ServerEvent): void {
  const { server } = work.context;
  if (server === undefined) return;
  const { timers } = work.tools;
  const status = event.type === "respond" ? event.status : 0;
  const step =
    server.machine === "invite-server" ? inviteServer(server, event, timers) : nonInviteServer(server, event, timers);
  takeServer(work, step, status);
}

/** Sends the copy of the request that the branch was made for. */
export function startClient(work: Work, index: number, message: Draft): void {
  const { way } = work.branch(index);
  const start = work.context.method === "INVITE" ? startInviteClient : startNonInviteClient;
  work.edit(index).state = "calling";
  takeClient(work, index, start(message, isReliable(way.transport), work.tools.timers), "");
}

export function tellClient(work: Work, index: number, event: ClientEvent, source = ""): void {
  const { client } = work.branch(index);
  if (client === undefined) {
    // A 2xx that comes after Timer M, while other branches keep the context: it goes upstream all the same.
    const late = event.type === "response" && isAcceptance(event.message) ? event.message : undefined;
    if (late !== undefined) work.reports.push({ type: "response", branch: index, message: late, source });
    return;
  }
  const { timers } = work.tools;
  const step =
    client.machine === "invite-client" ? inviteClient(client, event, timers) : nonInviteClient(client, event, timers);
  takeClient(work, index, step, source);
}

/** A 2xx to an INVITE: it goes upstream whatever has become of its transaction (RFC 3261 section 16.7 item 5). */
export function isAcceptance({ status, cseq }: Response): boolean {
  return status >= 200 && status < 300 && cseq.method === "INVITE";
}

function takeClient(work: Work, index: number, step: Step<Client, TransactionEffect>, source: string): void {
  const client = step.state.state === "Terminated" ? undefined : step.state;
  if (client !== work.branch(index).client) work.edit(index).client = client;
  for (const effect of step.effects) {
    switch (effect.type) {
      case "send":
        forward(work, "client", index, effect.message);
        break;
      case "pass":
        if (effect.message.kind === "response") {
          work.reports.push({ type: "response", branch: index, message: effect.message, source });
        }
        break;
      case "failed":
        work.reports.push({ type: "failed", branch: index, cause: effect.cause });
        break;
      default:
        takeTimer(work, effect, "client", index);
    }
  }
}

/** A CANCEL is a transaction of its own (section 9.1); what is answered to it decides nothing. */
export function startCancel(work: Work, index: number, message: Draft): void {
  const reliable = isReliable(work.branch(index).way.transport);
  takeCancel(work, index, startNonInviteClient(message, reliable, work.tools.timers));
}

export function tellCancel(work: Work, index: number, event: ClientEvent): void {
  const { cancelling } = work.branch(index);
  if (cancelling !== undefined) takeCancel(work, index, nonInviteClient(cancelling, event, work.tools.timers));
}

function takeCancel(work: Work, index: number, step: Step<NonInviteClient, TransactionEffect>): void {
  work.edit(index).cancelling = step.state.state === "Terminated" ? undefined : step.state;
  for (const effect of step.effects) {
    if (effect.type === "send") forward(work, "cancel", index, effect.message);
    else if (effect.type !== "pass" && effect.type !== "failed") takeTimer(work, effect, "cancel", index);
  }
}

/** Sends again what the client transactions of a branch have had no answer to. */
export function sendAgain(work: Work, index: number): void {
  const { client, cancelling } = work.branch(index);
  if (client?.state === "Calling") forward(work, "client", index, client.invite);
  else if (client?.state === "Trying") forward(work, "client", index, client.request);
  if (cancelling?.state === "Trying") forward(work, "cancel", index, cancelling.request);
}

function forward(work: Work, owner: "client" | "cancel", branch: number, message: Draft): void {
  const method = message.head.slice(0, message.head.indexOf(" "));
  work.effects.push({ type: "forward", owner, branch, method, message, again: work.again });
}

type TimerEffect = Extract<TransactionEffect, { type: "start" | "stop" | "terminated" }>;

function takeTimer(work: Work, effect: TimerEffect, owner: Owner, branch: number): void {
  if (effect.type === "start") work.start(owner, branch, effect.timer, effect.after);
  else if (effect.type === "stop") work.effects.push({ type: "stop", owner, branch, timer: effect.timer });
  else work.stop(owner, branch);
}
