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
  /** One that was passed on is gone. */
  readonly gone: () => void;
}

/** Copies of calls that other members own: gone on with, or passed on to who is to go on, when their owner goes. */
export class CopiesOfOthers {
  readonly #o: CopiesOfOthersOptions;
  readonly #kept: KeptCopies;
  readonly #passedOn: CopiesUnderWay<Kept>;
  #sweep: Timer | undefined;

  constructor(options: CopiesOfOthersOptions) {
    const { clock, bound, measures, gone } = options;
    this.#o = options;
    this.#kept = new KeptCopies(bound);
    this.#passedOn = new CopiesUnderWay<Kept>({
      clock,
      cluster: options.cluster,
      send: (copy) => this.#send(copy),
      settled: ({ of }, outcome) => {
        if (outcome === "unheard") measures.handover("lost");
        if (this.#kept.get(of.key) === of) this.#kept.remove(of.key);
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
  take(from: string, { number, key, callId, life, state, elapsed, ...copy }: wire.Copy): void {
    const { cluster, clock, calls, measures, post } = this.#o;
    const [since, handedOver, keptBy] = [Number(copy.since), Number(copy.handedOver), Number(copy.keptBy)];
    const live = calls.find(key);
    if (live !== undefined && since <= live.since) {
      post.confirm(from, number, "refused");
      return;
    }
    const now = clock.now();
    const owner = cluster.ownerOf(callId);
    // By a later list than its owner's another one is the successor. A later list of its owner's makes us that.
    const ownerIsBehind = keptBy > 0 && keptBy < cluster.membership.number;
    const superseded = ownerIsBehind && !this.#isOurs(cluster.successorOf(callId));
    const kept = { key, callId, from, since, handedOver, state, at: now - elapsed, expires: now + life, superseded };
    if (this.#isOurs(owner)) {
      // What is passed on may be older than what is here.
      const here = this.#kept.get(key);
      if (!this.#adopt(here !== undefined && here.since === since && here.at > kept.at ? here : kept, live)) return;
    } else {
      if (live !== undefined) calls.letGo(live, false);
      if (this.#kept.keep(kept)) {
        this.#sweepLater();
        if (owner !== undefined && this.#isAnothers(kept)) this.#passedOn.send(kept, owner.id, PERSISTENCE);
      } else {
        measures.handover("overflow");
        // Its owner goes on without a copy; who gives a call up keeps it as long as it can.
        if (handedOver > 0) return;
      }
    }
    post.confirm(from, number, "kept");
  }

  receipt(number: number, outcome: "kept" | "refused"): void {
    this.#passedOn.receipt(number, outcome);
  }

  /** That member's context ended in a way that its copy cannot know of. */
  forget(key: string, from: string): void {
    if (this.#kept.get(key)?.from === from) this.#kept.remove(key);
  }

  /** Another list holds: what is ours now is gone on with, what belongs to another than who is gone is sent there. */
  listed(members: { has(member: string): boolean }): void {
    const { cluster, clock } = this.#o;
    this.#passedOn.drop(({ of, to }) => cluster.ownerOf(of.callId)?.id !== to);
    for (const kept of [...this.#kept.values()]) {
      const owner = cluster.ownerOf(kept.callId);
      if (owner === undefined) continue;
      if (this.#isOurs(owner)) {
        this.#goOn(kept);
        continue;
      }
      // Its owner asks for it where nobody has a later state.
      if (kept.superseded) continue;
      if (!members.has(kept.from) || this.#isAnothers(kept)) {
        this.#passedOn.send(kept, owner.id, PERSISTENCE);
      } else if (!this.#isOurs(cluster.successorOf(kept.callId))) {
        const expires = Math.min(kept.expires, clock.now() + SUPERSEDED);
        this.#kept.keep({ ...kept, expires, superseded: true });
      }
    }
  }

  /** A call is ours now. Who may have a later state of it is asked first. */
  #goOn(kept: Kept): void {
    const { asks, calls, cluster } = this.#o;
    const goOn = (): void => {
      if (this.#kept.get(kept.key) !== kept || !this.#isOurs(cluster.ownerOf(kept.callId))) return;
      this.#kept.remove(kept.key);
      if (calls.find(kept.key) === undefined) this.#adopt(kept);
    };
    if (!kept.superseded || !asks(kept.callId, goOn)) goOn();
  }

  /** Sends what there is of a call to who owns it now: its owner does not answer. */
  passOn(callId: string, to: string): void {
    for (const kept of this.#kept.of(callId)) this.#passedOn.send(kept, to, PERSISTENCE);
  }

  stop(): void {
    this.#sweep?.cancel();
    this.#passedOn.stop();
  }

  /** One of this process. */
  #isOurs(member: Member | undefined): boolean {
    return member !== undefined && this.#o.own.has(member.id);
  }

  /** It was sent to us as its owner by a list that holds no more, and is another's by now. */
  #isAnothers({ handedOver }: Kept): boolean {
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

  #send({ of: kept, to, number, membership }: UnderWay<Kept>): void {
    const { key, callId, state, since, expires, at } = kept;
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
        handedOver: BigInt(membership),
        elapsed: Math.max(0, Math.round(now - at)),
        keptBy: 0n,
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
