import type { Draft, Response } from "@sipmesh/sip";
import { ackFor } from "@sipmesh/sip";
import { NO_EFFECTS, type Step } from "../step.ts";
import type { ClientEvent, TransactionEffect } from "./effects.ts";
import { rfcTimers, type TimerSettings, transactionLife } from "./timers.ts";

/** The INVITE client transaction of RFC 3261 section 17.1.1, with the Accepted state of RFC 6026 section 7.2. */
export type InviteClient = Calling | Proceeding | Accepted | Completed | Terminated;

interface Calling {
  readonly machine: "invite-client";
  readonly state: "Calling";
  readonly reliable: boolean;
  readonly invite: Draft;
  /** Of Timer A, which runs next. */
  readonly interval: number;
}

interface Proceeding {
  readonly machine: "invite-client";
  readonly state: "Proceeding";
  readonly reliable: boolean;
  readonly invite: Draft;
}

interface Accepted {
  readonly machine: "invite-client";
  readonly state: "Accepted";
}

interface Completed {
  readonly machine: "invite-client";
  readonly state: "Completed";
  readonly ack: Draft;
}

interface Terminated {
  readonly machine: "invite-client";
  readonly state: "Terminated";
}

type Result = Step<InviteClient, TransactionEffect>;

const ACCEPTED: Accepted = { machine: "invite-client", state: "Accepted" };
const TERMINATED: Terminated = { machine: "invite-client", state: "Terminated" };

/** The transaction user sends an INVITE. `reliable`: the transport delivers or fails by itself (TCP, TLS, WS). */
export function startInviteClient(invite: Draft, reliable: boolean, timers: TimerSettings = rfcTimers): Result {
  const effects: TransactionEffect[] = [
    { type: "send", message: invite },
    { type: "start", timer: "B", after: transactionLife(timers) },
  ];
  if (!reliable) effects.push({ type: "start", timer: "A", after: timers.t1 });
  return { state: { machine: "invite-client", state: "Calling", reliable, invite, interval: timers.t1 }, effects };
}

/** An event that means nothing in a state is without effect. Throws only where a response's To is malformed. */
export function inviteClient(state: InviteClient, event: ClientEvent, timers: TimerSettings = rfcTimers): Result {
  switch (state.state) {
    case "Calling":
      return calling(state, event, timers);
    case "Proceeding":
      return proceeding(state, event, timers);
    case "Accepted":
      return accepted(state, event);
    case "Completed":
      return completed(state, event);
    case "Terminated":
      return unmoved(state);
  }
}

function calling(state: Calling, event: ClientEvent, timers: TimerSettings): Result {
  switch (event.type) {
    case "response": {
      const effects: TransactionEffect[] = [{ type: "stop", timer: "B" }];
      if (!state.reliable) effects.push({ type: "stop", timer: "A" });
      if (event.message.status >= 200) return finish(state, event.message, timers, effects);
      effects.push({ type: "pass", message: event.message });
      const { reliable, invite } = state;
      return { state: { machine: "invite-client", state: "Proceeding", reliable, invite }, effects };
    }
    case "timer":
      if (event.timer === "A") return retransmit(state);
      return event.timer === "B" ? terminate({ type: "failed", cause: "timeout" }) : unmoved(state);
    case "transport-error":
      return terminate({ type: "failed", cause: "transport" });
  }
}

function retransmit(state: Calling): Result {
  const interval = 2 * state.interval;
  return {
    state: { ...state, interval },
    effects: [
      { type: "send", message: state.invite },
      { type: "start", timer: "A", after: interval },
    ],
  };
}

/** How long it may stay here is the transaction user's to bound: Timer C (section 16.6), or a CANCEL (section 9.1). */
function proceeding(state: Proceeding, event: ClientEvent, timers: TimerSettings): Result {
  switch (event.type) {
    case "response":
      return event.message.status < 200
        ? stay(state, { type: "pass", message: event.message })
        : finish(state, event.message, timers, []);
    case "transport-error":
      return terminate({ type: "failed", cause: "transport" });
    case "timer":
      return unmoved(state);
  }
}

function finish(
  state: Calling | Proceeding,
  message: Response,
  timers: TimerSettings,
  effects: TransactionEffect[],
): Result {
  if (message.status < 300) {
    effects.push({ type: "pass", message }, { type: "start", timer: "M", after: transactionLife(timers) });
    return { state: ACCEPTED, effects };
  }
  const ack = ackFor(state.invite, message);
  effects.push({ type: "send", message: ack }, { type: "pass", message });
  if (state.reliable) return terminate(...effects);
  effects.push({ type: "start", timer: "D", after: timers.timerD });
  return { state: { machine: "invite-client", state: "Completed", ack }, effects };
}

/** RFC 6026 section 7.2: every further 2xx, of whichever fork, goes to the transaction user; nothing else does. */
function accepted(state: Accepted, event: ClientEvent): Result {
  switch (event.type) {
    case "response": {
      const { status } = event.message;
      return status >= 200 && status < 300 ? stay(state, { type: "pass", message: event.message }) : unmoved(state);
    }
    case "timer":
      return event.timer === "M" ? terminate() : unmoved(state);
    case "transport-error":
      return unmoved(state);
  }
}

function completed(state: Completed, event: ClientEvent): Result {
  switch (event.type) {
    case "response":
      return event.message.status >= 300 ? stay(state, { type: "send", message: state.ack }) : unmoved(state);
    case "timer":
      return event.timer === "D" ? terminate() : unmoved(state);
    case "transport-error":
      return terminate({ type: "failed", cause: "transport" });
  }
}

function terminate(...before: TransactionEffect[]): Result {
  return { state: TERMINATED, effects: [...before, { type: "terminated" }] };
}

function stay(state: InviteClient, effect: TransactionEffect): Result {
  return { state, effects: [effect] };
}

function unmoved(state: InviteClient): Result {
  return { state, effects: NO_EFFECTS };
}
