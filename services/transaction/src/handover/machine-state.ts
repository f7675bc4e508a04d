import type * as wire from "@sipmesh/proto/handover";
import type { Draft, Request } from "@sipmesh/sip";
import type { InviteClient, InviteServer, NonInviteClient, NonInviteServer } from "@sipmesh/sip-core";
import { draftBytes, draftOf } from "./draft.ts";
import { known } from "./known.ts";

type Machine = InviteClient | InviteServer | NonInviteClient | NonInviteServer;

/** A transaction machine as it travels; the request that a server transaction was made for stands in the context. */
export function frozenMachine(machine: Machine): wire.Machine {
  return {
    machine: machine.machine,
    state: machine.state,
    reliable: "reliable" in machine && machine.reliable,
    message: draftBytes(said(machine)),
    interval: "interval" in machine ? machine.interval : 0,
  };
}

/** What the machine sends again when it must. */
function said(machine: Machine): Draft | undefined {
  if ("provisional" in machine) return machine.provisional;
  if ("final" in machine) return machine.final;
  if ("ack" in machine) return machine.ack;
  if ("invite" in machine) return machine.invite;
  return machine.machine === "non-invite-client" && "request" in machine ? machine.request : undefined;
}

/** @throws Error where the state is none of a server transaction's */
export function thawedServer(frozen: wire.Machine, request: Request | undefined): InviteServer | NonInviteServer {
  const machine = known(frozen.machine, ["invite-server", "non-invite-server"]);
  return machine === "invite-server" ? inviteServer(frozen, request) : nonInviteServer(frozen, request);
}

function inviteServer(frozen: wire.Machine, request: Request | undefined): InviteServer {
  const { reliable, interval } = frozen;
  const machine = "invite-server";
  const state = known(frozen.state, ["Proceeding", "Accepted", "Completed", "Confirmed"]);
  switch (state) {
    case "Proceeding": {
      const provisional = draftOf(frozen.message);
      return { machine, state, reliable, request: needed(request), ...(provisional && { provisional }) };
    }
    case "Completed":
      return { machine, state, reliable, final: needed(draftOf(frozen.message)), interval };
    default:
      return { machine, state };
  }
}

function nonInviteServer(frozen: wire.Machine, request: Request | undefined): NonInviteServer {
  const { reliable } = frozen;
  const machine = "non-invite-server";
  const state = known(frozen.state, ["Trying", "Proceeding", "Completed"]);
  switch (state) {
    case "Trying":
      return { machine, state, reliable, request: needed(request) };
    case "Proceeding":
      return { machine, state, reliable, provisional: needed(draftOf(frozen.message)) };
    case "Completed": {
      const final = draftOf(frozen.message);
      return { machine, state, ...(final && { final }) };
    }
  }
}

/** @throws Error where the state is none of a client transaction's */
export function thawedClient(frozen: wire.Machine): InviteClient | NonInviteClient {
  const machine = known(frozen.machine, ["invite-client", "non-invite-client"]);
  return machine === "invite-client" ? inviteClient(frozen) : thawedNonInvite(frozen);
}

function inviteClient(frozen: wire.Machine): InviteClient {
  const { reliable, interval } = frozen;
  const machine = "invite-client";
  const state = known(frozen.state, ["Calling", "Proceeding", "Accepted", "Completed"]);
  switch (state) {
    case "Calling":
      return { machine, state, reliable, invite: needed(draftOf(frozen.message)), interval };
    case "Proceeding":
      return { machine, state, reliable, invite: needed(draftOf(frozen.message)) };
    case "Completed":
      return { machine, state, ack: needed(draftOf(frozen.message)) };
    case "Accepted":
      return { machine, state };
  }
}

/** @throws Error where the state is none of a non-INVITE client transaction's */
export function thawedNonInvite(frozen: wire.Machine): NonInviteClient {
  const { reliable, interval } = frozen;
  const machine = "non-invite-client";
  const state = known(frozen.state, ["Trying", "Proceeding", "Completed"]);
  switch (state) {
    case "Trying":
      return { machine, state, reliable, request: needed(draftOf(frozen.message)), interval };
    case "Proceeding":
      return { machine, state, reliable, request: needed(draftOf(frozen.message)) };
    case "Completed":
      return { machine, state };
  }
}

function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the state of a transaction lacks its message");
  return value;
}
