import type { Bus, Envelope, Inbound, Unconfirmed } from "@sipmesh/bus";
import type { Cluster, Sealer } from "@sipmesh/cluster";
import { latin1 } from "@sipmesh/environment";
import type { Request, Response } from "@sipmesh/sip";
import {
  type Address,
  type Flow,
  type Limits,
  type Message,
  type Problem,
  parseDatagram,
  validate,
} from "@sipmesh/sip";
import { traceName } from "@sipmesh/sip-core";
import { attribute, type Counter, silentTracer, type Telemetry, type TraceContext } from "@sipmesh/telemetry";
import { acknowledgesStateless, statelessAnswer } from "./answer.ts";
import { withoutForgeries } from "./internal-marks.ts";
import type { Overload } from "./overload/overload.ts";
import type { Screen } from "./screen.ts";
import type { SelfCheck } from "./self-check.ts";
import type { Sender } from "./sender.ts";
import type { Stream } from "./stream.ts";
import { memberSubject } from "./subjects.ts";
import { answered, dropped, exceptions, problems, receiveSpan, type Traffic, traffic } from "./telemetry.ts";
import { responseTarget, withSource } from "./top-via.ts";

/** Seconds after which a peer may try again where no member was there. */
const RETRY_AFTER = "2";

export interface ReceiverOptions {
  readonly edge: string;
  readonly bus: Bus;
  readonly cluster: Cluster;
  readonly sealer: Sealer;
  readonly telemetry: Telemetry;
  readonly screen: Screen;
  readonly limits: Limits;
  readonly sender: Sender;
  readonly selfCheck: SelfCheck;
  readonly unconfirmed: Unconfirmed;
  readonly overload: Overload;
}

/** Takes what arrives: screens, reads and checks it once, and hands it to the owner of its call. Its entries never throw. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #udp: Traffic;
  readonly #tcp: Traffic;
  readonly #dropped: Counter;
  readonly #problems: Counter;
  readonly #answered: Counter;
  readonly #traced: boolean;
  /** The subject of each member that was addressed; as many as there are members. */
  readonly #subjects = new Map<string, string>();

  constructor(options: ReceiverOptions) {
    const { metrics, tracer } = options.telemetry;
    this.#options = options;
    this.#udp = traffic(metrics, "in", "udp");
    this.#tcp = traffic(metrics, "in", "tcp");
    this.#dropped = metrics.counter(dropped);
    this.#problems = metrics.counter(problems);
    this.#answered = metrics.counter(answered);
    this.#traced = tracer !== silentTracer;
  }

  /** One datagram. */
  datagram(bytes: Uint8Array, from: Address, local: Address): void {
    try {
      this.#udp.octets.add(bytes.length);
      const verdict = this.#options.screen.message(from.address);
      if (verdict !== "pass") {
        this.#drop(verdict);
        return;
      }
      const parsed = parseDatagram(bytes, latin1.decode, this.#options.limits);
      const remote = { address: from.address, port: from.port };
      if ("keepAlive" in parsed) {
        this.#udp.keepAlives.add();
        // Only the ping of RFC 5626: to answer anything else could go on for ever.
        if (bytes.length === 4 && bytes[0] === 13) this.#options.sender.pong(local, remote);
        return;
      }
      const flow: Flow = { edge: this.#options.edge, transport: "udp", local, remote, connection: 0 };
      if (parsed.ok) this.#message(parsed.message, flow, this.#udp);
      else this.#refuse(parsed.problem, parsed.message, flow);
    } catch (error) {
      this.#fault(error);
    }
  }

  /** Bytes came over a connection. */
  octets(received: number): void {
    this.#tcp.octets.add(received);
  }

  /** One message over a connection. @returns whether it was valid */
  streamed(message: Message, stream: Stream): boolean {
    try {
      const verdict = this.#options.screen.message(stream.remote.address);
      if (verdict === "pass") return this.#message(message, stream.flow, this.#tcp);
      this.#drop(verdict);
      return false;
    } catch (error) {
      this.#fault(error);
      return false;
    }
  }

  /** A connection whose bytes cannot be read any further. */
  brokenStream(problem: Problem, message: Message | undefined, stream: Stream): void {
    try {
      this.#refuse(problem, message, stream.flow);
    } catch (error) {
      this.#fault(error);
    }
  }

  /** A ping over a connection. */
  pinged(stream: Stream): void {
    this.#tcp.keepAlives.add();
    this.#options.sender.pongOver(stream);
  }

  /** An envelope that the bus gave up: its request is answered. */
  gaveUp(envelope: Envelope): void {
    if (envelope.kind !== "inbound" || envelope.flow.edge !== this.#options.edge) return;
    // What came over a connection goes again by itself, unless its sender can be told to ask anew.
    if (!asksAnew(envelope.message) && envelope.confirm !== undefined) {
      this.#drop("bus");
      return;
    }
    // It is answered: it need not go again.
    if (envelope.confirm !== undefined) this.#options.unconfirmed.confirmed([envelope.confirm.number]);
    try {
      this.#unavailable(envelope.message, envelope.flow, "bus");
    } catch (error) {
      this.#fault(error);
    }
  }

  #message(received: Message, flow: Flow, counters: Traffic): boolean {
    if (received.kind === "request") counters.requests.add();
    else counters.responses.add();
    const problem = validate(received);
    if (problem !== undefined) {
      this.#refuse(problem, received, flow);
      return false;
    }
    const { limits, screen } = this.#options;
    const message = withoutForgeries(received, limits, screen.trusts(flow.remote.address));
    const { callId } = message;
    try {
      if (message.kind === "response") {
        if (!this.#options.selfCheck.takes(callId, message)) this.#pass(message, callId, flow, undefined);
      } else this.#request(message, callId, flow);
    } catch (error) {
      this.#fault(error);
      this.#answer(message, flow, 500, undefined, []);
    }
    return true;
  }

  #request(request: Request, callId: string, flow: Flow): void {
    const { sealer, selfCheck } = this.#options;
    if (request.method === "ACK" && acknowledgesStateless(request, sealer)) {
      this.#drop("ack");
      return;
    }
    if (!selfCheck.isOwn(callId) && this.#refusesForLoad(request, callId, flow)) return;
    const seen = withSource(request, flow.remote);
    const remote = flow.transport === "udp" ? responseTarget(request, flow.remote) : flow.remote;
    const back = remote === flow.remote ? flow : { ...flow, remote };
    const trace = this.#traced && !selfCheck.isOwn(callId) ? this.#trace(seen, callId, back) : undefined;
    this.#pass(seen, callId, back, trace);
  }

  /** Beyond a limit a request is answered before anything is queued for it. */
  #refusesForLoad(request: Request, callId: string, flow: Flow): boolean {
    const { cluster, overload, screen } = this.#options;
    const trusted = screen.trusts(flow.remote.address);
    if (overload.refuses(request, callId, trusted, cluster.ownerOf(callId)) === undefined) return false;
    this.#drop("overload");
    this.#answer(request, flow, 503, undefined, [["Retry-After", String(overload.retryAfter())]]);
    return true;
  }

  /** Hands a message to the owner of its call. */
  #pass(message: Message, callId: string, flow: Flow, trace: TraceContext | undefined): void {
    const { bus, cluster, unconfirmed } = this.#options;
    const owner = cluster.ownerOf(callId);
    if (owner === undefined) {
      this.#unavailable(message, flow, "no-member");
      return;
    }
    const { number: membership } = cluster.membership;
    const inbound: Inbound = { kind: "inbound", message, raw: message.raw, flow, trace, membership, passedOn: 0 };
    // Over UDP its sender repeats what gets lost, over anything else nobody does.
    if (flow.transport === "udp") bus.publish(this.#subject(owner.id), inbound);
    else unconfirmed.send(this.#subject(owner.id), inbound);
  }

  #subject(member: string): string {
    let subject = this.#subjects.get(member);
    if (subject === undefined) {
      if (this.#subjects.size > 1000) this.#subjects.clear();
      subject = memberSubject(member);
      this.#subjects.set(member, subject);
    }
    return subject;
  }

  /** Only requests outside a dialog: of later ones our Route token alone tells whose call they belong to. */
  #trace(request: Request, callId: string, flow: Flow): TraceContext | undefined {
    const { tracer } = this.#options.telemetry;
    if (!tracer.enabled || request.to.tag !== undefined) return undefined;
    const root = tracer.root(this.#options.sealer.traceId(traceName(request)));
    if (root === undefined) return undefined;
    tracer
      .start(receiveSpan, root, {
        [attribute.callId]: callId,
        [attribute.method]: request.method,
        [attribute.transport]: flow.transport,
        [attribute.peer]: `${flow.remote.address}:${flow.remote.port}`,
        [attribute.instance]: this.#options.edge,
      })
      ?.end();
    return root;
  }

  /** A message that is not well-formed: a request is answered, anything else dropped. */
  #refuse(problem: Problem, message: Message | undefined, flow: Flow): void {
    this.#problems.with({ code: problem.code }).add();
    this.#options.telemetry.log.debug({ code: problem.code, peer: flow.remote }, "a message was not well-formed");
    if (problem.status === 0 || message === undefined) {
      this.#drop("malformed");
      return;
    }
    this.#answer(message, flow, problem.status, problem.reason, []);
  }

  /** Nobody is there to take the message. */
  #unavailable(message: Request | Response, flow: Flow, reason: "no-member" | "bus"): void {
    this.#drop(reason);
    this.#options.overload.lost(message.callId);
    // Its sender says it again for 32 s.
    if (endsCall(message) && flow.transport === "udp") return;
    this.#answer(message, flow, 503, undefined, [["Retry-After", RETRY_AFTER]]);
  }

  /** Answers a request without state; ACK and responses are never answered. */
  #answer(
    message: Message,
    flow: Flow,
    status: number,
    reason: string | undefined,
    headers: readonly (readonly [string, string])[],
  ): void {
    if (message.kind === "response" || message.method === "ACK") {
      this.#drop("malformed");
      return;
    }
    const request = sourced(message, flow.remote);
    const remote = flow.transport === "udp" ? targeted(message, flow.remote) : flow.remote;
    const raw = statelessAnswer(request, status, this.#options.sealer, { headers, ...(reason && { reason }) });
    this.#answered.with({ status: String(status) }).add();
    this.#options.sender.send({ kind: "outbound", raw, flow: { ...flow, remote } });
  }

  #drop(reason: string): void {
    this.#dropped.with({ reason }).add();
  }

  #fault(error: unknown): void {
    const { log, metrics } = this.#options.telemetry;
    metrics.counter(exceptions).add();
    this.#drop("exception");
    log.error({ err: error }, "a message was dropped for a fault of the edge");
  }
}

/** The topmost Via of a malformed request may be what is malformed: then it is left as it is. */
function sourced(request: Request, source: Address): Request {
  try {
    return withSource(request, source);
  } catch {
    return request;
  }
}

function targeted(request: Request, source: Address): Address {
  try {
    return responseTarget(request, source);
  } catch {
    return source;
  }
}

/** Its sender may ask anew where it is answered 503: a request that begins something. */
function asksAnew(message: Message): boolean {
  return message.kind === "request" && message.method !== "ACK" && !endsCall(message);
}

/**
 * Refused with 503, a BYE would end the call for who sent it and nobody else (RFC 3261 section 15.1.1), and a CANCEL leave
 * a phone ringing.
 */
function endsCall(message: Message): boolean {
  return message.kind === "request" && (message.method === "BYE" || message.method === "CANCEL");
}
