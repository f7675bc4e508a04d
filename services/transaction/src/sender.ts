import type { Bus, Envelope, Outbound, Unconfirmed } from "@sipmesh/bus";
import { latin1 } from "@sipmesh/environment";
import type { TraceContext } from "@sipmesh/proto/flow";
import { type Draft, type Flow, toBytes } from "@sipmesh/sip";
import { isReliable, type Way } from "@sipmesh/sip-core";
import type { Edges, Exit } from "./edges.ts";

/** Hands messages to the edges. */
export class Sender {
  readonly #bus: Bus;
  readonly #failureTo: string;
  readonly #unconfirmed: Unconfirmed;
  readonly #edges: Edges;
  /** The subject of each edge that was addressed; as many as there are edges. */
  readonly #subjects = new Map<string, string>();

  /** `failureTo`: the subject that is told of what could not be sent. */
  constructor(bus: Bus, failureTo: string, unconfirmed: Unconfirmed, edges: Edges) {
    this.#bus = bus;
    this.#failureTo = failureTo;
    this.#unconfirmed = unconfirmed;
    this.#edges = edges;
  }

  /**
   * Upstream. `failureKey`: comes back should the message not leave; absent: nobody minds. `final`: the flow by
   * which the call's final response leaves.
   */
  toFlow(
    received: Flow,
    message: Draft,
    callId: string,
    options: {
      readonly trace?: TraceContext | undefined;
      readonly failureKey?: string;
      readonly keepAlive?: number;
      readonly final?: Flow;
    } = {},
  ): void {
    const { trace, failureKey, keepAlive, final } = options;
    const { edge, flow, destination } = this.#exitBy(received);
    const finalElsewhere = final !== undefined && final !== received && this.#exitBy(final).edge !== edge;
    const outbound: Outbound = {
      kind: "outbound",
      raw: toBytes(message.head, message.body, latin1.encodeInto, Buffer.allocUnsafe),
      flow,
      destination,
      trace,
      failureTo: failureKey === undefined ? undefined : this.#failureTo,
      failureKey,
      keepAlive,
      callId,
      ...(finalElsewhere && { finalElsewhere }),
    };
    // A provisional response that got lost is of no use behind a later one.
    this.#publish(edge, received.transport, outbound, failureKey);
  }

  /** Downstream. */
  byWay(way: Way, message: Draft, callId: string, trace?: TraceContext, failureKey?: string): void {
    const { edge, flow, destination } = this.#edges.exitOf(way);
    this.#publish(edge, way.transport, {
      kind: "outbound",
      raw: toBytes(message.head, message.body, latin1.encodeInto, Buffer.allocUnsafe),
      flow,
      destination,
      trace,
      failureTo: failureKey === undefined ? undefined : this.#failureTo,
      failureKey,
      callId,
    });
  }

  /**
   * An envelope that the bus gave up, which is told to who asked for it: another target may be asked in its place, or the
   * caller be answered, so a request that begins something must not leave after all.
   */
  gaveUp(envelope: Envelope): void {
    if (envelope.kind !== "outbound" || envelope.confirm === undefined || envelope.failureTo === undefined) return;
    if (!goesAgain(envelope.raw)) this.#unconfirmed.confirmed([envelope.confirm.number]);
  }

  /** What leaves over UDP its receiver asks for again, should it get lost; anything else nobody repeats. */
  #publish(edge: string, transport: Way["transport"], outbound: Outbound, topic?: string): void {
    if (isReliable(transport)) this.#unconfirmed.send(this.#subject(edge), outbound, topic);
    else this.#bus.publish(this.#subject(edge), outbound);
  }

  #exitBy(received: Flow): Exit {
    return this.#edges.exitOf(this.#edges.wayOver(received));
  }

  #subject(edge: string): string {
    let subject = this.#subjects.get(edge);
    if (subject === undefined) {
      if (this.#subjects.size > 1000) this.#subjects.clear();
      subject = `sipmesh.edge.${edge}`;
      this.#subjects.set(edge, subject);
    }
    return subject;
  }
}

/** A response, whose receiver has nothing else to wait for, and what ends a call for its other side. */
function goesAgain(raw: Uint8Array): boolean {
  return /^(?:SIP\/|BYE |CANCEL )/.test(latin1.decode(raw, 0, Math.min(7, raw.length)));
}
