import type { Cluster, Member } from "@sipmesh/cluster";
import type { Clock, Timer } from "@sipmesh/environment";
import type * as wire from "@sipmesh/proto/handover";
import type { Log } from "@sipmesh/telemetry";
import type { Entry } from "../entry.ts";
import type { Measures } from "../measures.ts";
import { bufferOf } from "../wire.ts";
import { type CallState, decodeCallState } from "./call-state.ts";
import type { Calls } from "./calls.ts";
import { CopiesUnderWay, PERSISTENCE, type UnderWay } from "./copies-under-way.ts";
import { type Kept, KeptCopies } from "./kept-copies.ts";
import type { Post } from "./post.ts";
import { isLater, type Progress } from "./progress.ts";
import { RecentKeys } from "./recent-keys.ts";

/** Milliseconds that a copy is kept after its owner has chosen another successor. */
const SUPERSEDED = 10_000;
/** Milliseconds between two looks for copies that nothing can need any more. */
const SWEEP = 5000;

export interface CopiesOfOthersOptions {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly own: ReadonlySet<string>;
  readonly calls: Calls;
  readonly post: Post;
  readonly measures: Measures;
  readonly log: Log;
  readonly bound: number;
  /** Goes on with a call. */
  readonly adopt: (state: CallState) => void;
  /** Asks others what they know of a call. @returns false where nobody can know; else `resume` is called in the end */
  readonly asks: (callId: string, resume: () => void) => boolean;
  /** Others were asked and have not all answered. */
  readonly isAsked: (callId: string) => boolean;
  /** One that was passed on is gone. */
  readonly gone: () => void;
}

/** A copy on its way to whom it is of use now. */
interface PassedOn {
  readonly kept: Kept;
  /** To keep as the successor; else to go on with as the owner. */
  readonly toKeep: boolean;
}

/** Copies of calls that other members own: gone on with, or passed on to who is to go on, when their owner goes. */
export class CopiesOfOthers {
  readonly #o: CopiesOfOthersOptions;
  readonly #kept: KeptCopies;
  readonly #passedOn: CopiesUnderWay<PassedOn>;
  /** Calls that ended here a while ago: who was asleep may have an earlier state. */
  readonly #over: RecentKeys<true>;
  #sweep: Timer | undefined;

  constructor(options: CopiesOfOthersOptions) {
    const { clock, bound, measures, gone } = options;
    this.#o = options;
    this.#kept = new KeptCopies(bound);
    this.#over = new RecentKeys(clock, bound);
    this.#passedOn = new CopiesUnderWay<PassedOn>({
      clock,
      cluster: options.cluster,
      send: (copy) => this.#send(copy),
      settled: ({ of: { kept } }, outcome) => {
        if (outcome === "unheard") measures.handover("lost");
        if (this.#kept.get(kept.key) === kept) this.#kept.remove(kept.key);
        gone();
      },
    });
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Copies that were passed on and not confirmed yet. */
  get waiting(): number {
    return this.#passedOn.size;
  }

  /** A copy came: of a call of that member's, or of one that is ours now. What cannot be kept is not confirmed. */
  take(sender: string, { number, key, callId, life, state, elapsed, answered, ...copy }: wire.Copy): void {
    const { cluster, clock, calls, post } = this.#o;
    const [since, handedOver, keptBy] = [Number(copy.since), Number(copy.handedOver), Number(copy.keptBy)];
    const now = clock.now();
    const progress = { answered, since, at: now - elapsed };
    const live = calls.find(key);
    // Who hands it over says nothing more of it. Who has been deposed and does not know is to be told, whatever it has; and who
    // was asleep while we went on in its place and got the answer, whatever list it went by.
    const isDeposed = (entry: Entry) => since <= entry.since || (entry.context.answered !== 0 && !answered);
    const isLate = (entry: Entry) => (handedOver > 0 ? !this.#isBehind(entry, progress) : isDeposed(entry));
    if (this.isOver(key) || (live !== undefined && isLate(live))) {
      post.confirm(sender, number, "refused");
      return;
    }
    const from = copy.owner === "" ? sender : copy.owner;
    // By a later list than its owner's another one is the successor. A later list of its owner's makes us that.
    const ownerIsBehind = keptBy > 0 && keptBy < cluster.membership.number;
    const superseded = (ownerIsBehind && !this.#isOurs(cluster.successorOf(callId))) || this.#isOutdated(handedOver);
    const expires = now + life;
    const kept = { ...progress, key, callId, from, handedOver, keptBy, state, expires, superseded };
    const owner = cluster.ownerOf(callId);
    if (this.#isOurs(owner) ? this.#takeOver(kept, live) : this.#takeToKeep(kept, live, owner))
      post.confirm(sender, number, "kept");
  }

  /** The call is ours. @returns false where its state cannot be read: who has it keeps it */
  #takeOver(kept: Kept, live: Entry | undefined): boolean {
    const { key, callId, superseded } = kept;
    // Others may have a later one: who was asked already, or has owned it since it was handed over.
    const waits = live === undefined && (superseded || this.#o.isAsked(callId)) && this.#keep(kept);
    // What is passed on may be older than what is here.
    const here = this.#kept.get(key);
    if (!waits) return this.#adopt(here !== undefined && isLater(here, kept) ? here : kept, live);
    if (superseded) this.#goOn(here ?? kept);
    return true;
  }

  /** The call is another's. @returns false where there is no room for it, and who sent it gives it up */
  #takeToKeep(kept: Kept, live: Entry | undefined, owner: Member | undefined): boolean {
    const { calls, measures } = this.#o;
    if (live !== undefined) calls.letGo(live, false);
    if (this.#keep(kept)) {
      if (owner !== undefined && this.#isOutdated(kept.handedOver)) this.#passOn(kept, owner.id);
      return true;
    }
    measures.handover("overflow");
    // Its owner goes on without a copy; who gives a call up keeps it as long as it can.
    return kept.handedOver === 0;
  }

  #keep(kept: Kept): boolean {
    const isKept = this.#kept.keep(kept);
    if (isKept) this.#sweepLater();
    return isKept;
  }

  receipt(number: number, outcome: "kept" | "refused"): void {
    this.#passedOn.receipt(number, outcome);
  }

  /** That member's context ended in a way that its copy cannot know of. */
  forget(key: string, from: string): void {
    if (this.#kept.get(key)?.from === from) this.#kept.remove(key);
  }

  /**
   * Another list holds: what is ours now is gone on with, what belongs to another than who is gone is sent there.
   * `skipped`: there were lists in between by which others may have kept later copies.
   */
  listed(members: { has(member: string): boolean }, skipped: boolean): void {
    const { cluster, clock, own } = this.#o;
    const placeOf = (callId: string, toKeep: boolean) =>
      toKeep ? cluster.successorOf(callId) : cluster.ownerOf(callId);
    this.#passedOn.drop(({ of: { kept, toKeep }, to }) => placeOf(kept.callId, toKeep)?.id !== to);
    const leaves = ![...own].some((id) => members.has(id));
    for (const one of [...this.#kept.values()]) {
      const behind = skipped && Math.max(one.keptBy, one.handedOver) < cluster.membership.number - 1;
      const kept = behind ? { ...one, superseded: true } : one;
      if (behind) this.#kept.keep(kept);
      const owner = cluster.ownerOf(kept.callId);
      if (owner === undefined) continue;
      if (this.#isOurs(owner)) {
        this.#goOn(kept);
        continue;
      }
      const outdated = this.#isOutdated(kept.handedOver);
      // Its owner asks for it where nobody has a later state.
      if (kept.superseded && !outdated) continue;
      if (!members.has(kept.from) || outdated) {
        this.#passOn(kept, owner.id);
      } else if (!this.#isOurs(cluster.successorOf(kept.callId))) {
        // Its owner may be asleep, and taken for dead before it has chosen another.
        const successor = cluster.successorOf(kept.callId);
        if (leaves && successor !== undefined) this.#passOn(kept, successor.id, true);
        const expires = Math.min(kept.expires, clock.now() + SUPERSEDED);
        this.#kept.keep({ ...kept, expires, superseded: true });
      }
    }
  }

  /** A call is ours now. Who may have a later state of it is asked first. */
  #goOn(kept: Kept): void {
    const { asks, calls, cluster } = this.#o;
    const goOn = (): void => {
      if (this.#kept.get(kept.key) !== kept || this.isOver(kept.key) || !this.#isOurs(cluster.ownerOf(kept.callId)))
        return;
      this.#kept.remove(kept.key);
      const live = calls.find(kept.key);
      if (live === undefined || this.#isBehind(live, kept)) this.#adopt(kept, live);
    };
    if (!kept.superseded || !asks(kept.callId, goOn)) goOn();
  }

  /** Everybody who was asked about a call has said what it has. */
  told(callId: string): void {
    if (!this.#isOurs(this.#o.cluster.ownerOf(callId))) return;
    for (const kept of [...this.#kept.of(callId)]) if (!kept.superseded) this.#goOn(kept);
  }

  /** Sends what there is of a call to who owns it now: its owner does not answer. */
  passOn(callId: string, to: string): void {
    for (const kept of this.#kept.of(callId)) this.#passOn(kept, to);
  }

  /** A call has come to its end here. */
  over(key: string): void {
    this.#over.add(key, true);
  }

  isOver(key: string): boolean {
    return this.#over.get(key) !== undefined;
  }

  stop(): void {
    this.#sweep?.cancel();
    this.#passedOn.stop();
  }

  #isBehind({ context, since }: Entry, progress: Progress): boolean {
    return isLater(progress, { answered: context.answered !== 0, since, at: this.#o.clock.now() });
  }

  #passOn(kept: Kept, to: string, toKeep = false): void {
    this.#passedOn.send({ kept, toKeep }, to, PERSISTENCE);
  }

  /** One of this process. */
  #isOurs(member: Member | undefined): boolean {
    return member !== undefined && this.#o.own.has(member.id);
  }

  /** It was sent to us as its owner by a list that holds no more: it is another's by now, or was for a while. */
  #isOutdated(handedOver: number): boolean {
    return handedOver > 0 && handedOver < this.#o.cluster.membership.number;
  }

  /** Goes on with a call, in the place of an older state of it. @returns false where its state cannot be read */
  #adopt(kept: Kept, instead?: Entry): boolean {
    const { clock, measures, log, calls, adopt } = this.#o;
    try {
      const state = decodeCallState(kept.state, clock.now() - kept.at);
      if (instead !== undefined) calls.letGo(instead, false);
      this.#kept.remove(kept.key);
      adopt(state);
      return true;
    } catch (error) {
      measures.exception("handover");
      log.error({ err: error, callId: kept.callId, from: kept.from }, "A call could not be taken over.");
      return false;
    }
  }

  #send({ of: { kept, toKeep }, to, number, membership }: UnderWay<PassedOn>): void {
    const { key, callId, state, since, answered, expires, at } = kept;
    const now = this.#o.clock.now();
    this.#o.post.send(to, {
      $case: "copy",
      value: {
        // Odd, so that its receipt is told from those of our own calls' copies.
        number: 2 * number + 1,
        key,
        callId,
        life: Math.max(0, Math.round(expires - now)),
        state: bufferOf(state),
        since: BigInt(since),
        handedOver: BigInt(toKeep ? 0 : membership),
        elapsed: Math.max(0, Math.round(now - at)),
        keptBy: BigInt(toKeep ? membership : 0),
        owner: toKeep ? kept.from : "",
        answered,
      },
    });
  }

  #sweepLater(): void {
    this.#sweep ??= this.#o.clock.after(SWEEP, () => {
      this.#sweep = undefined;
      this.#kept.sweep(this.#o.clock.now());
      if (this.#kept.size > 0) this.#sweepLater();
    });
  }
}
