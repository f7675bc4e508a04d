import type { Bus } from "@sipmesh/bus";
import * as wire from "@sipmesh/proto/handover";

/** What one owner of calls tells another. */
export type Word = NonNullable<wire.HandoverMessage["message"]>;

/** Sends what the members of this process tell others. Receipts of one turn of the event loop travel together. */
export class Post {
  readonly #bus: Bus;
  readonly #subjectOf: (member: string) => string;
  readonly #self: string;
  #receipts = new Map<string, { kept: number[]; refused: number[] }>();

  /** `self`: the member that speaks for all members of this process. */
  constructor(bus: Bus, subjectOf: (member: string) => string, self: string) {
    this.#bus = bus;
    this.#subjectOf = subjectOf;
    this.#self = self;
  }

  /** `from`: the member that was asked, where that is of weight to who asked. */
  send(to: string, message: Word, from = this.#self): void {
    const payload = wire.HandoverMessage.encode({ from, message }).finish();
    this.#bus.publish(this.#subjectOf(to), { kind: "handover", payload });
  }

  /** Tells what became of a copy. */
  confirm(to: string, number: number, outcome: "kept" | "refused"): void {
    if (this.#receipts.size === 0) queueMicrotask(() => this.#sendReceipts());
    let receipts = this.#receipts.get(to);
    if (receipts === undefined) {
      receipts = { kept: [], refused: [] };
      this.#receipts.set(to, receipts);
    }
    receipts[outcome].push(number);
  }

  #sendReceipts(): void {
    const receipts = this.#receipts;
    this.#receipts = new Map();
    for (const [to, value] of receipts) this.send(to, { $case: "receipt", value });
  }
}
