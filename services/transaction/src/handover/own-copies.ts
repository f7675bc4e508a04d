import type { Cluster } from "@sipmesh/cluster";
import type { Clock } from "@sipmesh/environment";
import type { ProxyEffect } from "@sipmesh/sip-core";
import type { Entry } from "../entry.ts";
import type { Measures } from "../measures.ts";
import { bufferOf } from "../wire.ts";
import { encodeCallState, type Remaining } from "./call-state.ts";
import type { Calls } from "./calls.ts";
import { CopiesUnderWay, type Outcome, PERSISTENCE, type UnderWay } from "./copies-under-way.ts";
import { Elsewhere, type Leaving } from "./elsewhere.ts";
import { isMaterial, isOutput } from "./material.ts";
import type { Post } from "./post.ts";

/** Milliseconds that a copy is kept at least: 64·T1, the life of a transaction; and that it outlives its last timer. */
const LEAST_LIFE = 32_000;
const MARGIN = 5000;
/** Copies on their way at most; beyond it a call goes on without one. */
const UNDER_WAY = 50_000;

export interface OwnCopiesOptions {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly own: ReadonlySet<string>;
  readonly calls: Calls;
  readonly post: Post;
  readonly measures: Measures;
  /** Milliseconds that a successor may take to confirm. */
  readonly patience: number;
  /** That member has gone on with a call that was here. */
  readonly passedOn: (key: string, to: string) => void;
  /** One that was handed over is gone. */
  readonly gone: () => void;
}

/** Copies of the calls that are owned here, at their successors; and the calls themselves on their way to a new owner. */
export class OwnCopies {
  readonly #o: OwnCopiesOptions;
  readonly #underWay: CopiesUnderWay<Entry>;
  /** Successors that did not confirm in time: they are sent copies, and not waited for. */
  readonly #silent = new Set<string>();

  constructor(options: OwnCopiesOptions) {
    this.#o = options;
    this.#underWay = new CopiesUnderWay<Entry>({
      clock: options.clock,
      cluster: options.cluster,
      send: (copy, again) => this.#send(copy, again),
      settled: (copy, outcome) => this.#settled(copy, outcome),
    });
  }

  /** Copies that were not confirmed yet. */
  get waiting(): number {
    return this.#underWay.size;
  }

  /** Whether what a step says must wait for a copy of its state, where there is anybody to keep one. */
  static covers(entry: Entry, effects: readonly ProxyEffect[]): boolean {
    if (entry.method !== "INVITE" || entry.turnedAway) return false;
    // Nothing was said yet: whoever comes after us starts from the request, which comes again.
    if (entry.elsewhere === undefined && !effects.some(isOutput)) return false;
    return isMaterial(effects);
  }

  /** Something was said that rests on its state. */
  static wants({ context, method, turnedAway, elsewhere }: Entry): boolean {
    return method === "INVITE" && !turnedAway && (elsewhere !== undefined || context.stage !== "routing");
  }

  /** Sends a copy of the state that a step has led to; what the step says waits in the outbox for its receipt. */
  copy(entry: Entry): void {
    const { cluster, own, patience, measures, calls } = this.#o;
    entry.elsewhere ??= new Elsewhere();
    const { elsewhere } = entry;
    const next = cluster.successorOf(entry.callId);
    // Who was passed a message often enough works on a call of another's: it may be the successor itself.
    const successor = next === undefined || own.has(next.id) ? undefined : next;
    elsewhere.successor = successor?.id;
    if (successor === undefined || this.#underWay.size >= UNDER_WAY) {
      if (successor !== undefined) measures.handover("overflow");
      calls.release(entry, elsewhere.copied, true);
      return;
    }
    elsewhere.copied = this.#underWay.send(entry, successor.id, patience);
    for (const waiting of elsewhere.outbox) waiting.after ??= elsewhere.copied;
    measures.handover("copied");
    // Who has just woken up may have been silent itself: then the other one has gone on, and refuses the copy.
    if (this.#silent.has(successor.id) && !cluster.doubtful) calls.release(entry, elsewhere.copied, this.#unopposed);
  }

  /** From here on the call is that member's, which may have gone on with it: nothing is said here any more. */
  giveUp(entry: Entry, to: string): Leaving {
    entry.elsewhere ??= new Elsewhere();
    const { elsewhere } = entry;
    elsewhere.outbox.length = 0;
    elsewhere.leaving ??= { number: 0, to, at: this.#o.clock.now(), timers: entry.timers.remaining() };
    elsewhere.leaving.to = to;
    entry.timers.stopAll();
    return elsewhere.leaving;
  }

  /** Sends a call to the member that it belongs to now. */
  handOver(entry: Entry, to: string): void {
    const leaving = this.giveUp(entry, to);
    this.#o.measures.handover("handed-over");
    leaving.number = this.#underWay.send(entry, to, PERSISTENCE);
  }

  /** The call is ours again: what was sent of it to others says nothing any more. */
  callOff(entry: Entry): void {
    this.#underWay.drop(({ of }) => of === entry);
  }

  /** The state as it travels. */
  stateOf(entry: Entry): Uint8Array {
    const { key, method, withoutOffer, keepAlive, trace, context } = entry;
    const age = Math.round(this.#o.clock.now() - entry.began);
    return encodeCallState({ key, method, age, withoutOffer, keepAlive, trace, context, timers: timersOf(entry) });
  }

  /** It ended in a way that its copy cannot know of. */
  forget(entry: Entry): void {
    const successor = entry.elsewhere?.successor;
    if (successor === undefined) return;
    this.#underWay.drop(({ of }) => of === entry);
    this.#o.post.send(successor, { $case: "forget", value: { key: entry.key } });
  }

  receipt(number: number, outcome: "kept" | "refused"): void {
    this.#underWay.receipt(number, outcome);
  }

  /** A member was heard of. */
  heard(member: string): void {
    this.#silent.delete(member);
  }

  /** Another list holds: what is under way to who is not on it is sent anew, to who is. */
  listed(members: { has(member: string): boolean }): void {
    for (const silent of this.#silent) if (!members.has(silent)) this.#silent.delete(silent);
    this.#underWay.drop(({ to }) => !members.has(to));
  }

  stop(): void {
    this.#underWay.stop();
  }

  #settled({ of: entry, number, to }: UnderWay<Entry>, outcome: Outcome): void {
    const { calls, measures, passedOn, gone } = this.#o;
    const { elsewhere } = entry;
    if (elsewhere === undefined || (elsewhere.leaving !== undefined && elsewhere.leaving.number !== number)) return;
    if (elsewhere.leaving !== undefined) {
      if (outcome === "unheard") measures.handover("lost");
      else passedOn(entry.key, to);
      calls.letGo(entry, outcome === "kept");
      gone();
    } else if (outcome === "refused") {
      measures.handover("deposed");
      passedOn(entry.key, to);
      calls.letGo(entry, false);
    } else if (outcome === "kept") {
      calls.release(entry, number, true);
    } else if (number === elsewhere.copied) {
      measures.handover("unheard");
      this.#silent.add(to);
      calls.release(entry, number, this.#unopposed);
      if (elsewhere.outbox.length === 0) return;
      for (const waiting of elsewhere.outbox) waiting.after = undefined;
      this.copy(entry);
    }
  }

  /**
   * Nobody can have gone on with a call of ours and refuse it in other words. While the store is away nobody can know: who
   * does not confirm may have been made the owner by those who reach it.
   */
  get #unopposed(): boolean {
    return this.#o.cluster.state !== "frozen";
  }

  #send({ of: entry, to, number, membership }: UnderWay<Entry>, again: boolean): void {
    // A later copy says it all.
    if (again && number !== (entry.elsewhere?.leaving?.number ?? entry.elsewhere?.copied)) return;
    const longest = timersOf(entry).reduce((most, { after }) => Math.max(most, after), LEAST_LIFE);
    const isLeaving = entry.elsewhere?.leaving !== undefined;
    this.#o.post.send(to, {
      $case: "copy",
      value: {
        number: 2 * number,
        key: entry.key,
        callId: entry.callId,
        life: Math.ceil(longest) + MARGIN,
        state: bufferOf(this.stateOf(entry)),
        since: BigInt(entry.since),
        handedOver: BigInt(isLeaving ? membership : 0),
        elapsed: 0,
        keptBy: BigInt(isLeaving ? 0 : membership),
        answered: entry.context.answered !== 0,
        owner: "",
      },
    });
  }
}

function timersOf(entry: Entry): readonly Remaining[] {
  return entry.elsewhere?.leaving?.timers ?? entry.timers.remaining();
}
