import type { Confirm, Confirmations } from "@sipmesh/bus";

/** Messages that are remembered: more than can be sent again within their life at any rate that an edge sustains. */
const REMEMBERED = 20_000;

/** Tells messages that came again from those that come first; confirms both. */
export class Arrivals {
  readonly #confirmations: Confirmations;
  #recent = new Set<string>();
  #before = new Set<string>();

  constructor(confirmations: Confirmations) {
    this.#confirmations = confirmations;
  }

  /** Whether it comes first. One that asks for no confirmation is never sent again. */
  takes(confirm: Confirm | undefined): boolean {
    if (confirm === undefined) return true;
    this.#confirmations.confirm(confirm);
    const key = `${confirm.to} ${confirm.number}`;
    if (this.#recent.has(key) || this.#before.has(key)) return false;
    this.#recent.add(key);
    if (this.#recent.size > REMEMBERED) {
      this.#before = this.#recent;
      this.#recent = new Set();
    }
    return true;
  }
}
