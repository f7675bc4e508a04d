import { latin1 } from "@sipmesh/environment";
import type { TraceContext } from "@sipmesh/proto/flow";
import * as wire from "@sipmesh/proto/handover";
import { type Address, type Message, parseDatagram, toBytes } from "@sipmesh/sip";
import type { Branch, ProxyTimer, ResponseContext, Target, Way } from "@sipmesh/sip-core";
import { bufferOf, flowOf, transportOf, wireFlow, wireTransport } from "../wire.ts";
import { draftBytes, draftOf } from "./draft.ts";
import { known } from "./known.ts";
import { frozenMachine, thawedClient, thawedNonInvite, thawedServer } from "./machine-state.ts";

/** A timer that ran, by the time that remained to it, in milliseconds. */
export interface Remaining {
  readonly owner: "server" | "client" | "cancel" | "proxy";
  readonly branch: number;
  readonly timer: ProxyTimer;
  readonly after: number;
}

/** All that another member needs to go on with a transaction. */
export interface CallState {
  readonly key: string;
  readonly method: string;
  /** Milliseconds since it began. */
  readonly age: number;
  readonly withoutOffer: string;
  readonly keepAlive: number;
  readonly trace: TraceContext | undefined;
  /** Without `route`, which is read from the request anew. */
  readonly context: ResponseContext;
  readonly timers: readonly Remaining[];
}

/** The bytes that a state travels as. */
export function encodeCallState(state: CallState): Uint8Array {
  const { context, timers, key, method, age, withoutOffer, keepAlive, trace } = state;
  const { request, server, plan, best } = context;
  return wire.CallState.encode({
    key,
    method,
    callId: context.callId,
    age,
    withoutOffer,
    keepAlive,
    trace,
    request: request === undefined ? NOTHING : messageBytes(request),
    flow: wireFlow(context.flow),
    callerTag: context.callerTag,
    calleeTag: context.calleeTag,
    sender: context.sender,
    inDialog: context.inDialog,
    loop: context.loop,
    server: server && frozenMachine(server),
    stage: context.stage,
    plan: plan && {
      recordRoute: plan.recordRoute,
      media: plan.media,
      ringTime: plan.ringTime,
      vouched: plan.vouched === true,
      consumedRealm: plan.consumedRealm,
    },
    queue: context.queue.map((targets) => ({ targets: targets.map(frozenTarget) })),
    branches: context.branches.map(frozenBranch),
    best: best && { status: best.status, response: best.response && messageBytes(best.response) },
    challenges: context.challenges.map(({ name, value }) => ({ name, value })),
    cancelled: context.cancelled,
    cancelAnswer: draftBytes(context.cancelAnswer),
    accepted: context.accepted,
    answered: context.answered,
    description: context.description,
    mediaInstance: context.mediaInstance,
    exchanges: context.exchanges,
    timers: timers.map((timer) => ({ ...timer, after: Math.max(0, Math.round(timer.after)) })),
  }).finish();
}

/**
 * The state that these bytes hold; `elapsed` milliseconds have passed since it was written.
 *
 * @throws Error where it is damaged, or of a release that this one does not know
 */
export function decodeCallState(bytes: Uint8Array, elapsed: number): CallState {
  const frozen = wire.CallState.decode(bytes);
  const flow = flowOf(frozen.flow);
  if (flow === undefined) throw new Error("the state of a call lacks its flow");
  const { plan, best, server } = frozen;
  const request = frozen.request.length === 0 ? undefined : requestOf(frozen.request);
  return {
    key: frozen.key,
    method: frozen.method,
    age: frozen.age + elapsed,
    withoutOffer: frozen.withoutOffer,
    keepAlive: frozen.keepAlive,
    trace: frozen.trace,
    context: {
      method: frozen.method,
      request,
      callId: frozen.callId,
      flow,
      callerTag: frozen.callerTag,
      calleeTag: frozen.calleeTag,
      sender: known(frozen.sender, ["caller", "callee"]),
      inDialog: frozen.inDialog,
      route: undefined,
      loop: frozen.loop,
      server: server && thawedServer(server, request),
      stage: known(frozen.stage, ["routing", "forwarding", "over"]),
      plan: plan && {
        recordRoute: plan.recordRoute,
        media: known(plan.media, ["always", "nat", "never"]),
        ringTime: plan.ringTime,
        vouched: plan.vouched,
        ...(plan.consumedRealm !== undefined && { consumedRealm: plan.consumedRealm }),
      },
      queue: frozen.queue.map(({ targets }) => targets.map(thawedTarget)),
      branches: frozen.branches.map(thawedBranch),
      best: best && {
        status: best.status,
        ...(best.response !== undefined && { response: responseOf(best.response) }),
      },
      challenges: frozen.challenges,
      cancelled: frozen.cancelled,
      cancelAnswer: draftOf(frozen.cancelAnswer),
      accepted: frozen.accepted,
      answered: frozen.answered,
      description: known(frozen.description, ["offer", "answer"]),
      mediaInstance: frozen.mediaInstance,
      exchanges: frozen.exchanges,
    },
    timers: frozen.timers.map(({ owner, branch, timer, after }) => ({
      owner: known(owner, ["server", "client", "cancel", "proxy"]),
      branch,
      timer: known(timer, TIMERS),
      after: Math.max(0, after - elapsed),
    })),
  };
}

const TIMERS: readonly ProxyTimer[] = [
  "A",
  "B",
  "C",
  "D",
  "E",
  "F",
  "G",
  "H",
  "I",
  "J",
  "K",
  "L",
  "M",
  "trying",
  "ring",
  "after-cancel",
];

const NOTHING = Buffer.alloc(0);

function frozenTarget({ uri, route, q, ways, nat }: Target): wire.TargetState {
  return { uri, route: [...route], q, ways: ways.map(frozenWay), nat };
}

function thawedTarget({ uri, route, q, ways, nat }: wire.TargetState): Target {
  return { uri, route, q, ways: ways.map(thawedWay), nat };
}

function frozenWay({ edge, transport, local, flow, remote, host }: Way): wire.WayState {
  return { edge, transport: wireTransport(transport), local, flow: flow && wireFlow(flow), remote, host };
}

function thawedWay(frozen: wire.WayState): Way {
  const { edge, remote, host } = frozen;
  const transport = transportOf(frozen.transport);
  if (transport === undefined) throw new Error(`the state of a call names the transport ${frozen.transport}`);
  const flow = flowOf(frozen.flow);
  return {
    edge,
    transport,
    local: needed(frozen.local),
    ...(flow && { flow }),
    ...(remote && { remote }),
    ...(host !== undefined && { host }),
  };
}

function frozenBranch(branch: Branch): wire.BranchState {
  const { target, client, cancelling, recordRoute } = branch;
  return {
    id: branch.id,
    target: target && frozenTarget(target),
    attempt: branch.attempt,
    way: frozenWay(branch.way),
    state: branch.state,
    client: client && frozenMachine(client),
    cancel: branch.cancel,
    cancelling: cancelling && frozenMachine(cancelling),
    verdict: branch.verdict,
    recordRoute: recordRoute && { ...recordRoute },
    breadth: branch.breadth,
    media: branch.media,
    offered: branch.offered,
    held: branch.held.map(({ response, source }) => ({ response: messageBytes(response), source })),
    exchange: branch.exchange,
    described: branch.described.map(({ tag, received, sent }) => ({
      tag,
      received: bufferOf(received),
      sent: bufferOf(sent),
    })),
  };
}

function thawedBranch(frozen: wire.BranchState): Branch {
  const { target, client, cancelling } = frozen;
  return {
    id: frozen.id,
    target: target && thawedTarget(target),
    attempt: frozen.attempt,
    way: thawedWay(needed(frozen.way)),
    state: known(frozen.state, ["offering", "calling", "proceeding", "done"]),
    client: client && thawedClient(client),
    cancel: known(frozen.cancel, ["no", "wanted", "sent"]),
    cancelling: cancelling && thawedNonInvite(cancelling),
    verdict: frozen.verdict,
    recordRoute: frozen.recordRoute,
    breadth: frozen.breadth,
    media: frozen.media,
    offered: frozen.offered,
    held: frozen.held.map(({ response, source }) => ({ response: responseOf(response), source })),
    exchange: frozen.exchange,
    described: frozen.described,
  };
}

/** As received; a message that was changed since is written anew. */
function messageBytes(message: Message): Buffer {
  const { raw } = message;
  return bufferOf(raw.length > 0 ? raw : toBytes(message.head, message.body, latin1.encodeInto, Buffer.allocUnsafe));
}

function messageOf(bytes: Uint8Array): Message {
  const parsed = parseDatagram(bytes, latin1.decode);
  if (!parsed.ok || "keepAlive" in parsed) throw new Error("the state of a call has a message that cannot be read");
  return parsed.message;
}

function requestOf(bytes: Uint8Array) {
  const message = messageOf(bytes);
  if (message.kind !== "request") throw new Error("the state of a call has a response for a request");
  return message;
}

function responseOf(bytes: Uint8Array) {
  const message = messageOf(bytes);
  if (message.kind !== "response") throw new Error("the state of a call has a request for a response");
  return message;
}

function needed<T extends Address | wire.WayState>(value: T | undefined): T {
  if (value === undefined) throw new Error("the state of a call lacks a part");
  return value;
}
