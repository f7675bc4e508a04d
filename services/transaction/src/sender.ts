import type { Bus } from "@sipmesh/bus";
import { latin1 } from "@sipmesh/environment";
import type { TraceContext } from "@sipmesh/proto/flow";
import { type Draft, type Flow, toBytes } from "@sipmesh/sip";
import type { Way } from "@sipmesh/sip-core";

/** Hands messages to the edges. */
export class Sender {
  readonly #bus: Bus;
  readonly #failureTo: string;
  /** The subject of each edge that was addressed; as many as there are edges. */
  readonly #subjects = new Map<string, string>();

  /** `failureTo`: the subject that is told of what could not be sent. */
  constructor(bus: Bus, failureTo: string) {
    this.#bus = bus;
    this.#failureTo = failureTo;
  }

  /** Upstream. `failureKey`: comes back should the message not leave; absent: nobody minds. */
  toFlow(
    flow: Flow,
    message: Draft,
    callId: string,
    options: {
      readonly trace?: TraceContext | undefined;
      readonly failureKey?: string;
      readonly keepAlive?: number;
    } = {},
  ): void {
    const { trace, failureKey, keepAlive } = options;
    this.#bus.publish(this.#subject(flow.edge), {
      kind: "outbound",
      raw: toBytes(message.head, message.body, latin1.encodeInto, Buffer.allocUnsafe),
      flow,
      trace,
      failureTo: failureKey === undefined ? undefined : this.#failureTo,
      failureKey,
      keepAlive,
      callId,
    });
  }

  /** Downstream. */
  byWay(way: Way, message: Draft, callId: string, trace?: TraceContext, failureKey?: string): void {
    const { flow, remote, transport, host } = way;
    this.#bus.publish(this.#subject(way.edge), {
      kind: "outbound",
      raw: toBytes(message.head, message.body, latin1.encodeInto, Buffer.allocUnsafe),
      flow,
      destination: flow === undefined && remote !== undefined ? { transport, address: remote, host } : undefined,
      trace,
      failureTo: failureKey === undefined ? undefined : this.#failureTo,
      failureKey,
      callId,
    });
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
