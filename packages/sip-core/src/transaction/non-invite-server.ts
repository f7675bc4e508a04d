import type { Draft, Request } from "@sipmesh/sip";
import { response } from "@sipmesh/sip";
import { NO_EFFECTS, type Step } from "../step.ts";
import type { ServerEvent, TransactionEffect } from "./effects.ts";
import { nonInviteTrying, rfcTimers, type TimerSettings, transactionLife } from "./timers.ts";

/** The non-INVITE server transaction of RFC 3261 section 17.2.2, within the bounds of RFC 4320. */
export type NonInviteServer = Trying | Proceeding | Completed | Terminated;

interface Trying {
  readonly machine: "non-invite-server";
  readonly state: "Trying";
  readonly reliable: boolean;
  readonly request: Request;
}

interface Proceeding {
  readonly machine: "non-invite-server";
  readonly state: "Proceeding";
  readonly reliable: boolean;
  /** The 100. */
  readonly provisional: Draft;
}

interface Completed {
  readonly machine: "non-invite-server";
  readonly state: "Completed";
  /** Absent where the answer would have been a 408, which nobody may hear (RFC 4320 section 4.2). */
  readonly final?: Draft;
}

interface Terminated {
  readonly machine: "non-invite-server";
  readonly state: "Terminated";
}

type Result = Step<NonInviteServer, TransactionEffect>;

const TERMINATED: Terminated = { machine: "non-invite-server", state: "Terminated" };

/** A request other than INVITE and ACK came that matches no transaction. */
export function startNonInviteServer(request: Request, reliable: boolean, timers: TimerSettings = rfcTimers): Result {
  return {
    state: { machine: "non-invite-server", state: "Trying", reliable, request },
    effects: [
      { type: "pass", message: request },
      { type: "start", timer: "trying", after: nonInviteTrying(timers) },
    ],
  };
}

/** Never throws. An event that means nothing in a state is without effect. */
export function nonInviteServer(state: NonInviteServer, event: ServerEvent, timers: TimerSettings = rfcTimers): Result {
  switch (state.state) {
    case "Trying":
      return trying(state, event, timers);
    case "Proceeding":
      return proceeding(state, event, timers);
    case "Completed":
      return completed(state, event);
    case "Terminated":
      return unmoved(state);
  }
}

function trying(state: Trying, event: ServerEvent, timers: TimerSettings): Result {
  switch (event.type) {
    case "respond":
      if (event.status >= 200) return complete(state, event.message, event.status, timers);
      // RFC 4320 section 4.1: no provisional response but 100, and over unreliable transports not before its time.
      return event.status === 100 && state.reliable ? proceed(state, event.message, timers) : unmoved(state);
    case "timer":
      return event.timer === "trying" ? proceed(state, response(state.request, 100), timers) : unmoved(state);
    case "transport-error":
      return terminate({ type: "failed", cause: "transport" });
    case "request":
    case "ack":
      return unmoved(state);
  }
}

/**
 * From here Timer F bounds the transaction: it fires when the client has stopped to wait, and an answer would be worse
 * than none (RFC 4320 section 4.2).
 */
function proceed(state: Trying, message: Draft, timers: TimerSettings): Result {
  return {
    state: { machine: "non-invite-server", state: "Proceeding", reliable: state.reliable, provisional: message },
    effects: [
      { type: "stop", timer: "trying" },
      { type: "send", message },
      { type: "start", timer: "F", after: transactionLife(timers) - nonInviteTrying(timers) },
    ],
  };
}

function proceeding(state: Proceeding, event: ServerEvent, timers: TimerSettings): Result {
  switch (event.type) {
    case "request":
      return stay(state, { type: "send", message: state.provisional });
    case "respond":
      return event.status >= 200 ? complete(state, event.message, event.status, timers) : unmoved(state);
    case "timer":
      return event.timer === "F" ? terminate({ type: "failed", cause: "timeout" }) : unmoved(state);
    case "transport-error":
      return terminate({ type: "failed", cause: "transport" });
    case "ack":
      return unmoved(state);
  }
}

function complete(state: Trying | Proceeding, message: Draft, status: number, timers: TimerSettings): Result {
  const silent = status === 408;
  if (state.reliable) return silent ? terminate() : terminate({ type: "send", message });
  const stop: TransactionEffect = { type: "stop", timer: state.state === "Trying" ? "trying" : "F" };
  const start: TransactionEffect = { type: "start", timer: "J", after: transactionLife(timers) };
  return silent
    ? { state: { machine: "non-invite-server", state: "Completed" }, effects: [stop, start] }
    : {
        state: { machine: "non-invite-server", state: "Completed", final: message },
        effects: [stop, { type: "send", message }, start],
      };
}

function completed(state: Completed, event: ServerEvent): Result {
  switch (event.type) {
    case "request":
      return state.final === undefined ? unmoved(state) : stay(state, { type: "send", message: state.final });
    case "timer":
      return event.timer === "J" ? terminate() : unmoved(state);
    case "transport-error":
      return terminate({ type: "failed", cause: "transport" });
    case "respond":
    case "ack":
      return unmoved(state);
  }
}

function terminate(...before: TransactionEffect[]): Result {
  return { state: TERMINATED, effects: [...before, { type: "terminated" }] };
}

function stay(state: NonInviteServer, effect: TransactionEffect): Result {
  return { state, effects: [effect] };
}

function unmoved(state: NonInviteServer): Result {
  return { state, effects: NO_EFFECTS };
}
