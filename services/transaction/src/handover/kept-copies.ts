import { isLater, type Progress } from "./progress.ts";

/** The state of a call that another member owns. `since`: the number of the list from which on that one went on with it. */
export interface Kept extends Progress {
  /** Of the server transaction. */
  readonly key: string;
  readonly callId: string;
  /** The first member of the process that sent it: its owner, or who passed on what it had of an owner that is gone. */
  readonly from: string;
  /** The number of the list by which it was sent to us as its owner; 0: it was not. */
  readonly handedOver: number;
  /** The number of the list by which its owner keeps it here; 0: it does not. */
  readonly keptBy: number;
  /** An encoded `CallState`. */
  readonly state: Uint8Array;
  /** When nothing can need it any more. */
  readonly expires: number;
  /** Its owner keeps its copies with another by now: there may be a later state than this one. */
  readonly superseded: boolean;
}

/** Copies of what others own, as bytes: nobody reads them unless their owner goes. Bounded. */
export class KeptCopies {
  readonly #bound: number;
  readonly #byKey = new Map<string, Kept>();
  readonly #byCallId = new Map<string, Set<Kept>>();

  constructor(bound: number) {
    this.#bound = bound;
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): Kept | undefined {
    return this.#byKey.get(key);
  }

  values(): Iterable<Kept> {
    return this.#byKey.values();
  }

  /** All of a call. */
  of(callId: string): Iterable<Kept> {
    return this.#byCallId.get(callId) ?? [];
  }

  /** @returns whether there was room for it */
  keep(copy: Kept): boolean {
    const former = this.#byKey.get(copy.key);
    if (former === undefined && this.#byKey.size >= this.#bound) return false;
    // One that was sent again may arrive after a later one.
    if (former !== undefined && isLater(former, copy)) return true;
    this.remove(copy.key);
    this.#byKey.set(copy.key, copy);
    const others = this.#byCallId.get(copy.callId);
    if (others === undefined) this.#byCallId.set(copy.callId, new Set([copy]));
    else others.add(copy);
    return true;
  }

  remove(key: string): void {
    const copy = this.#byKey.get(key);
    if (copy === undefined) return;
    this.#byKey.delete(key);
    const ofCall = this.#byCallId.get(copy.callId);
    ofCall?.delete(copy);
    if (ofCall?.size === 0) this.#byCallId.delete(copy.callId);
  }

  /** Lets go of what nothing can need any more. */
  sweep(now: number): void {
    for (const [key, { expires }] of this.#byKey) if (expires <= now) this.remove(key);
  }
}
