import type { Confirm, Confirmation } from "./bus.ts";

/** Confirmations of one turn of the event loop travel together. */
export class Confirmations {
  readonly #publish: (subject: string, confirmation: Confirmation) => void;
  #waiting = new Map<string, number[]>();

  constructor(publish: (subject: string, confirmation: Confirmation) => void) {
    this.#publish = publish;
  }

  /** What the envelope led to is safe. Without effect where nobody waits for it. */
  confirm(confirm: Confirm | undefined): void {
    if (confirm === undefined) return;
    if (this.#waiting.size === 0) queueMicrotask(() => this.#flush());
    const numbers = this.#waiting.get(confirm.to);
    if (numbers === undefined) this.#waiting.set(confirm.to, [confirm.number]);
    else numbers.push(confirm.number);
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const [subject, numbers] of waiting) this.#publish(subject, { kind: "confirmation", numbers });
  }
}
