import type { Draft, Request } from "@sipmesh/sip";
import { response } from "@sipmesh/sip";
import { NO_EFFECTS, type Step } from "../step.ts";
import type { ServerEvent, TransactionEffect } from "./effects.ts";
import { rfcTimers, type TimerSettings, transactionLife } from "./timers.ts";

/** The INVITE server transaction of RFC 3261 section 17.2.1, with the Accepted state of RFC 6026 section 7.1. */
export type InviteServer = Proceeding | Accepted | Completed | Confirmed | Terminated;

interface Proceeding {
  readonly machine: "invite-server";
  readonly state: "Proceeding";
  readonly reliable: boolean;
  readonly request: Request;
  /** The latest provisional response; retransmissions of the request are answered with it. */
  readonly provisional?: Draft;
}

interface Accepted {
  readonly machine: "invite-server";
  readonly state: "Accepted";
}

interface Completed {
  readonly machine: "invite-server";
  readonly state: "Completed";
  readonly reliable: boolean;
  readonly final: Draft;
  /** Of Timer G, which runs next. */
  readonly interval: number;
}

interface Confirmed {
  readonly machine: "invite-server";
  readonly state: "Confirmed";
}

interface Terminated {
  readonly machine: "invite-server";
  readonly state: "Terminated";
}

type Result = Step<InviteServer, TransactionEffect>;

const ACCEPTED: Accepted = { machine: "invite-server", state: "Accepted" };
const CONFIRMED: Confirmed = { machine: "invite-server", state: "Confirmed" };
const TERMINATED: Terminated = { machine: "invite-server", state: "Terminated" };

/** An INVITE came that matches no transaction. `reliable`: the transport delivers or fails by itself (TCP, TLS, WS). */
export function startInviteServer(request: Request, reliable: boolean, timers: TimerSettings = rfcTimers): Result {
  return {
    state: { machine: "invite-server", state: "Proceeding", reliable, request },
    effects: [
      { type: "pass", message: request },
      { type: "start", timer: "trying", after: timers.trying },
    ],
  };
}

/** Never throws. An event that means nothing in a state is without effect. */
export function inviteServer(state: InviteServer, event: ServerEvent, timers: TimerSettings = rfcTimers): Result {
  switch (state.state) {
    case "Proceeding":
      return proceeding(state, event, timers);
    case "Accepted":
      return accepted(state, event);
    case "Completed":
      return completed(state, event, timers);
    case "Confirmed":
      return confirmed(state, event);
    case "Terminated":
      return unmoved(state);
  }
}

function proceeding(state: Proceeding, event: ServerEvent, timers: TimerSettings): Result {
  switch (event.type) {
    case "request":
      return state.provisional === undefined
        ? unmoved(state)
        : stay(state, { type: "send", message: state.provisional });
    case "respond":
      if (event.status < 200) return provisional(state, event.message);
      return event.status < 300 ? accept(event.message, timers) : complete(state, event.message, timers);
    case "timer":
      if (event.timer !== "trying" || state.provisional !== undefined) return unmoved(state);
      return provisional(state, response(state.request, 100));
    case "transport-error":
      return stay(state, { type: "failed", cause: "transport" });
    case "ack":
      return unmoved(state);
  }
}

function provisional(state: Proceeding, message: Draft): Result {
  const next: Proceeding = { ...state, provisional: message };
  return state.provisional === undefined
    ? {
        state: next,
        effects: [
          { type: "stop", timer: "trying" },
          { type: "send", message },
        ],
      }
    : { state: next, effects: [{ type: "send", message }] };
}

function accept(message: Draft, timers: TimerSettings): Result {
  return {
    state: ACCEPTED,
    effects: [
      { type: "stop", timer: "trying" },
      { type: "send", message },
      { type: "start", timer: "L", after: transactionLife(timers) },
    ],
  };
}

function complete(state: Proceeding, message: Draft, timers: TimerSettings): Result {
  const effects: TransactionEffect[] = [
    { type: "stop", timer: "trying" },
    { type: "send", message },
    { type: "start", timer: "H", after: transactionLife(timers) },
  ];
  if (!state.reliable) effects.push({ type: "start", timer: "G", after: timers.t1 });
  return {
    state: {
      machine: "invite-server",
      state: "Completed",
      reliable: state.reliable,
      final: message,
      interval: timers.t1,
    },
    effects,
  };
}

/** RFC 6026 section 7.1: the 2xx is the transaction user's to repeat; the request is absorbed until Timer L. */
function accepted(state: Accepted, event: ServerEvent): Result {
  switch (event.type) {
    case "respond":
      return event.status >= 200 && event.status < 300
        ? stay(state, { type: "send", message: event.message })
        : unmoved(state);
    case "ack":
      return stay(state, { type: "pass", message: event.message });
    case "timer":
      return event.timer === "L" ? terminate() : unmoved(state);
    case "transport-error":
      return stay(state, { type: "failed", cause: "transport" });
    case "request":
      return unmoved(state);
  }
}

function completed(state: Completed, event: ServerEvent, timers: TimerSettings): Result {
  switch (event.type) {
    case "request":
      return stay(state, { type: "send", message: state.final });
    case "ack":
      return confirm(state, timers);
    case "timer":
      if (event.timer === "G") return retransmit(state, timers);
      return event.timer === "H" ? terminate({ type: "failed", cause: "timeout" }) : unmoved(state);
    case "transport-error":
      return stay(state, { type: "failed", cause: "transport" });
    case "respond":
      return unmoved(state);
  }
}

function retransmit(state: Completed, timers: TimerSettings): Result {
  const interval = Math.min(2 * state.interval, timers.t2);
  return {
    state: { ...state, interval },
    effects: [
      { type: "send", message: state.final },
      { type: "start", timer: "G", after: interval },
    ],
  };
}

function confirm(state: Completed, timers: TimerSettings): Result {
  if (state.reliable) return terminate();
  return {
    state: CONFIRMED,
    effects: [
      { type: "stop", timer: "G" },
      { type: "stop", timer: "H" },
      { type: "start", timer: "I", after: timers.t4 },
    ],
  };
}

/** Only here to absorb further ACKs. */
function confirmed(state: Confirmed, event: ServerEvent): Result {
  return event.type === "timer" && event.timer === "I" ? terminate() : unmoved(state);
}

function terminate(...before: TransactionEffect[]): Result {
  return { state: TERMINATED, effects: [...before, { type: "terminated" }] };
}

function stay(state: InviteServer, effect: TransactionEffect): Result {
  return { state, effects: [effect] };
}

function unmoved(state: InviteServer): Result {
  return { state, effects: NO_EFFECTS };
}
