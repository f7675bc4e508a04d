import type { Draft, Response } from "@sipmesh/sip";
import { NO_EFFECTS, type Step } from "../step.ts";
import type { ClientEvent, TransactionEffect } from "./effects.ts";
import { rfcTimers, type TimerSettings, transactionLife } from "./timers.ts";

/** The non-INVITE client transaction of RFC 3261 section 17.1.2. */
export type NonInviteClient = Trying | Proceeding | Completed | Terminated;

interface Trying {
  readonly machine: "non-invite-client";
  readonly state: "Trying";
  readonly reliable: boolean;
  readonly request: Draft;
  /** Of Timer E, which runs next. */
  readonly interval: number;
}

interface Proceeding {
  readonly machine: "non-invite-client";
  readonly state: "Proceeding";
  readonly reliable: boolean;
  readonly request: Draft;
}

interface Completed {
  readonly machine: "non-invite-client";
  readonly state: "Completed";
}

interface Terminated {
  readonly machine: "non-invite-client";
  readonly state: "Terminated";
}

type Result = Step<NonInviteClient, TransactionEffect>;

const COMPLETED: Completed = { machine: "non-invite-client", state: "Completed" };
const TERMINATED: Terminated = { machine: "non-invite-client", state: "Terminated" };

/** The transaction user sends a request other than INVITE and ACK. */
export function startNonInviteClient(request: Draft, reliable: boolean, timers: TimerSettings = rfcTimers): Result {
  const effects: TransactionEffect[] = [
    { type: "send", message: request },
    { type: "start", timer: "F", after: transactionLife(timers) },
  ];
  if (!reliable) effects.push({ type: "start", timer: "E", after: timers.t1 });
  return { state: { machine: "non-invite-client", state: "Trying", reliable, request, interval: timers.t1 }, effects };
}

/** Never throws. An event that means nothing in a state is without effect. */
export function nonInviteClient(state: NonInviteClient, event: ClientEvent, timers: TimerSettings = rfcTimers): Result {
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

function trying(state: Trying, event: ClientEvent, timers: TimerSettings): Result {
  switch (event.type) {
    case "response": {
      if (event.message.status >= 200) return complete(state, event.message, timers);
      const { reliable, request } = state;
      return {
        state: { machine: "non-invite-client", state: "Proceeding", reliable, request },
        effects: [{ type: "pass", message: event.message }],
      };
    }
    case "timer": {
      if (event.timer === "F") return terminate({ type: "failed", cause: "timeout" });
      if (event.timer !== "E") return unmoved(state);
      const interval = Math.min(2 * state.interval, timers.t2);
      return retransmit({ ...state, interval }, interval);
    }
    case "transport-error":
      return terminate({ type: "failed", cause: "transport" });
  }
}

function proceeding(state: Proceeding, event: ClientEvent, timers: TimerSettings): Result {
  switch (event.type) {
    case "response":
      return event.message.status >= 200
        ? complete(state, event.message, timers)
        : { state, effects: [{ type: "pass", message: event.message }] };
    case "timer":
      if (event.timer === "F") return terminate({ type: "failed", cause: "timeout" });
      return event.timer === "E" ? retransmit(state, timers.t2) : unmoved(state);
    case "transport-error":
      return terminate({ type: "failed", cause: "transport" });
  }
}

function retransmit(state: Trying | Proceeding, interval: number): Result {
  return {
    state,
    effects: [
      { type: "send", message: state.request },
      { type: "start", timer: "E", after: interval },
    ],
  };
}

function complete(state: Trying | Proceeding, message: Response, timers: TimerSettings): Result {
  if (state.reliable) return terminate({ type: "pass", message });
  return {
    state: COMPLETED,
    effects: [
      { type: "stop", timer: "E" },
      { type: "stop", timer: "F" },
      { type: "pass", message },
      { type: "start", timer: "K", after: timers.t4 },
    ],
  };
}

/** Only here to absorb retransmitted responses. */
function completed(state: Completed, event: ClientEvent): Result {
  return event.type === "timer" && event.timer === "K" ? terminate() : unmoved(state);
}

function terminate(...before: TransactionEffect[]): Result {
  return { state: TERMINATED, effects: [...before, { type: "terminated" }] };
}

function unmoved(state: NonInviteClient): Result {
  return { state, effects: NO_EFFECTS };
}
