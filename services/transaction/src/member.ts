import type { Bus, Closer, Envelope, Inbound, Unconfirmed } from "@sipmesh/bus";
import type { Cluster } from "@sipmesh/cluster";
import { isRequest, MessageError } from "@sipmesh/sip";
import type { Log } from "@sipmesh/telemetry";
import type { EarlyMessages } from "./early-messages.ts";
import type { Measures } from "./measures.ts";
import type { Stateless } from "./stateless.ts";
import type { Transactions } from "./transactions.ts";

export interface MemberOptions {
  readonly id: string;
  readonly bus: Bus;
  readonly cluster: Cluster;
  readonly transactions: Transactions;
  readonly stateless: Stateless;
  readonly unconfirmed: Unconfirmed;
  readonly early: EarlyMessages;
  readonly measures: Measures;
  readonly log: Log;
  /** How often a message may be passed on. */
  readonly passes: number;
}

/** The subject of an owner of calls. */
export function subjectOf(member: string): string {
  return `sipmesh.transaction.${member}`;
}

/** One owner of calls: takes what is its own, passes on what is another's. */
export class Member {
  readonly #o: MemberOptions;
  readonly #subscription: Closer;

  constructor(options: MemberOptions) {
    this.#o = options;
    this.#subscription = options.bus.subscribe(subjectOf(options.id), (envelope) => this.#receive(envelope));
  }

  close(): void {
    this.#subscription.close();
  }

  #receive(envelope: Envelope): void {
    const { transactions, early, id } = this.#o;
    if (envelope.kind === "send-failure") this.#guard(envelope.kind, () => transactions.unsent(envelope.key));
    else if (envelope.kind === "confirmation") this.#o.unconfirmed.confirmed(envelope.numbers);
    else if (envelope.kind === "handover") {
      const take = () => this.#guard("handover", () => transactions.handover.receive(envelope.payload, id));
      // Whatever list it was sent by: a receipt lets a call go on.
      if (!early.holds(0, take)) take();
    } else if (envelope.kind === "inbound") {
      const take = () => this.#inbound(envelope);
      if (!early.holds(envelope.membership, take)) take();
    }
  }

  #inbound(envelope: Inbound): void {
    const { message, flow, trace, confirm } = envelope;
    const { transactions, stateless, measures } = this.#o;
    this.#guard(
      message.kind,
      () => {
        const owner = this.#otherOwner(envelope);
        if (owner !== undefined) this.#passOn(envelope, owner);
        else if (this.#waits(envelope)) return;
        // It comes again, or is sent again where it was to be confirmed: by then who has it may be who is asked.
        else if (transactions.isPassedOn(message)) measures.dropped("passed-on");
        else transactions.receive(message, flow, trace, confirm);
      },
      (status) => {
        if (isRequest(message)) stateless.answer(message, flow, status);
      },
    );
  }

  /**
   * Where nothing is known of its transaction, those are asked first who owned the call a while ago. An ACK waits for
   * nobody: that of a 2xx needs no state (RFC 3261 section 13.2.2.4); without any other a transaction ends by Timer H.
   */
  #waits(envelope: Inbound): boolean {
    const { transactions } = this.#o;
    const { message } = envelope;
    const { handover } = transactions;
    if (!handover.mayAsk || transactions.knows(message)) return false;
    if (isRequest(message) && message.method === "ACK") return false;
    return handover.asks(message.callId, () => this.#inbound(envelope));
  }

  /** Who owns the call instead, by the list as it is now; who chose by the same list was right. */
  #otherOwner({ message, membership, passedOn }: Inbound): string | undefined {
    const { cluster, id, passes } = this.#o;
    if (membership === cluster.membership.number || passedOn >= passes) return undefined;
    const owner = cluster.ownerOf(message.callId);
    return owner === undefined || owner.id === id ? undefined : owner.id;
  }

  #passOn(envelope: Inbound, owner: string): void {
    const { bus, cluster, measures } = this.#o;
    measures.passed.add();
    const passedOn = envelope.passedOn + 1;
    bus.publish(subjectOf(owner), { ...envelope, membership: cluster.membership.number, passedOn });
  }

  /** Nothing that a message brings stops a member: it is answered and counted. */
  #guard(where: string, run: () => void, answer: (status: number) => void = () => {}): void {
    try {
      run();
    } catch (error) {
      const malformed = error instanceof MessageError;
      this.#o.measures.exception(malformed ? "malformed" : where);
      if (!malformed) this.#o.log.error({ err: error }, "A message could not be worked on.");
      try {
        answer(malformed ? error.problem.status : 500);
      } catch (again) {
        // What cannot even be answered (a From without shape) is dropped and counted.
        this.#o.log.warn({ err: again }, "A message could not be answered.");
      }
    }
  }
}
