import type { Bus, Closer } from "@sipmesh/bus";
import type { Cluster, Member } from "@sipmesh/cluster";
import type { Clock, Timer } from "@sipmesh/environment";
import * as wire from "@sipmesh/proto/handover";
import type { ProxyEffect } from "@sipmesh/sip-core";
import type { Log } from "@sipmesh/telemetry";
import type { Entry } from "../entry.ts";
import type { Measures } from "../measures.ts";
import { bufferOf } from "../wire.ts";
import { type CallState, decodeCallState, encodeCallState, type Remaining } from "./call-state.ts";
import { Claims } from "./claims.ts";
import { CopiesUnderWay, type Outcome, type UnderWay } from "./copies-under-way.ts";
import { Elsewhere, type Leaving } from "./elsewhere.ts";
import { type Kept, KeptCopies } from "./kept-copies.ts";
import { isMaterial, isOutput } from "./material.ts";

/** Milliseconds for which former owners are asked about a call: 64·T1, the life of a transaction. */
const FORMER = 32_000;
/** Milliseconds that a copy outlives the last of its timers. */
const MARGIN = 5000;
/** Milliseconds that a copy is kept after its owner has chosen another successor. */
const SUPERSEDED = 10_000;
/** Milliseconds that a receiver of what was handed over is sent it again, before it is given up. */
const PERSISTENCE = 10_000;
/** Calls that are handed over in one turn of the event loop. */
const SLICE = 100;
/** Milliseconds between two looks for copies that nothing can need any more. */
const SWEEP = 5000;
/** Copies on their way at most; beyond it a call goes on without one. */
const UNDER_WAY = 50_000;
/** Claims of members that have a later list than we have; they ask for a second each. */
const PARKED = 10_000;

/** The calls that are owned here, as the handover sees them. */
export interface Calls {
  entries(): Iterable<Entry>;
  find(key: string): Entry | undefined;
  /** Goes on with what another member had. Throws where it cannot. */
  adopt(state: CallState, since: number): Entry;
  /** Forgets a call that another member goes on with. */
  letGo(entry: Entry): void;
  /**
   * The outputs that waited for the copy of that number, and for those before it, may leave. `refusals`: final responses
   * other than 2xx among them, too; else they go no further than to the first.
   */
  release(entry: Entry, number: number, refusals: boolean): void;
}

export interface HandoverOptions {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly cluster: Cluster;
  /** The members of this process, which share one table. */
  readonly members: readonly string[];
  readonly subjectOf: (member: string) => string;
  readonly calls: Calls;
  readonly measures: Measures;
  readonly log: Log;
  /** Copies that are kept at most. */
  readonly bound: number;
  /** Milliseconds that a successor may take to confirm; then a call goes on without. */
  readonly patience: number;
}

/** What this process waits for before it counts as ready. */
type Parked = {
  readonly from: string;
  readonly to: string;
  readonly callId: string;
  readonly membership: number;
  readonly copies: boolean;
};
type Awaited = { readonly instances: Set<string>; readonly until: number };

const READY_AFTER = 5000;

/**
 * Keeps calls alive when their owner goes. The successor has a copy of each call's state before anything that rests on it
 * leaves. When the list of owners changes, each call is sent to whom it now belongs, and who owns a call that it knows
 * nothing of asks those who owned it before.
 */
export class Handover {
  readonly #o: HandoverOptions;
  readonly #own: ReadonlySet<string>;
  /** Speaks for all members of this process. */
  readonly #first: string;
  readonly #kept: KeptCopies;
  readonly #copies: CopiesUnderWay<Entry>;
  readonly #passedOn: CopiesUnderWay<Kept>;
  readonly #claims: Claims;
  readonly #subscription: Closer;
  #number = 0;
  /** The instances of the members on the list. */
  #listed: ReadonlyMap<string, string> = new Map();
  /** Others own calls too, in other processes. */
  #others = false;
  /** Until then somebody else may know of calls that are ours. */
  #othersUntil = Number.NEGATIVE_INFINITY;
  /** Calls that belong to somebody else, or whose successor is another one now. */
  #queue = new Set<Entry>();
  /** Calls of others that wait for routing's word, which would be lost with us. */
  readonly #undecided = new Set<Entry>();
  readonly #parked: Parked[] = [];
  /** Successors that did not confirm in time: they are sent copies, and not waited for. */
  readonly #silent = new Set<string>();
  #receipts = new Map<string, { kept: number[]; refused: number[] }>();
  #newcomers: readonly string[] = [];
  #awaited: Awaited | undefined;
  #sweep: Timer | undefined;
  #pump: Timer | undefined;
  #idle: (() => void)[] = [];

  constructor(options: HandoverOptions) {
    const { clock, cluster, bound, measures } = options;
    this.#o = options;
    this.#own = new Set(options.members);
    this.#first = options.members[0] ?? "";
    this.#kept = new KeptCopies(bound);
    this.#copies = new CopiesUnderWay<Entry>({
      clock,
      send: (copy, again) => this.#sendState(copy, again),
      settled: (copy, outcome) => this.#settled(copy, outcome),
    });
    this.#passedOn = new CopiesUnderWay<Kept>({
      clock,
      send: ({ of, to, number }) => this.#sendKept(of, to, number),
      settled: ({ of }, outcome) => {
        if (outcome === "unheard") measures.handover("lost");
        if (this.#kept.get(of.key) === of) this.#kept.remove(of.key);
        this.#tellIdle();
      },
    });
    this.#claims = new Claims({
      clock,
      ask: (member, callId, copies) =>
        this.#send(member, { $case: "claim", value: { callId, membership: BigInt(this.#number), copies } }),
    });
    this.#subscription = cluster.onChange(() => this.#changed());
    this.#changed();
  }

  get kept(): number {
    return this.#kept.size;
  }

  /** The number of the list that holds here. */
  get membership(): number {
    return this.#number;
  }

  /** It has what became its own when it joined, or has waited long enough for it. */
  get ready(): boolean {
    const awaited = this.#awaited;
    if (awaited === undefined) return false;
    return awaited.instances.size === 0 || awaited.until <= this.#o.clock.now();
  }

  /** Whether what a step says must wait until a copy of its state is kept elsewhere. */
  covers(entry: Entry, effects: readonly ProxyEffect[]): boolean {
    if (!this.#others || entry.method !== "INVITE" || entry.turnedAway) return false;
    // Nothing was said yet: whoever comes after us starts from the request, which comes again.
    if (entry.elsewhere === undefined && !effects.some(isOutput)) return false;
    return isMaterial(effects);
  }

  /** Nothing of what has happened to it would be lost with us, as far as anybody keeps copies. */
  isSafe(entry: Entry): boolean {
    if (entry.method !== "INVITE") return entry.context.answered !== 0;
    return !this.#others || entry.turnedAway || (entry.elsewhere?.safe ?? entry.context.stage === "over");
  }

  /** Sends a copy of the state that a step has led to; what the step says waits in the outbox for its receipt. */
  copy(entry: Entry): void {
    const { cluster, patience, measures, calls } = this.#o;
    entry.elsewhere ??= new Elsewhere();
    const { elsewhere } = entry;
    const next = cluster.successorOf(entry.callId);
    // Who was passed a message often enough works on a call of another's: it may be the successor itself.
    const successor = next === undefined || this.#own.has(next.id) ? undefined : next;
    elsewhere.successor = successor?.id;
    if (successor === undefined || this.#copies.size >= UNDER_WAY) {
      if (successor !== undefined) measures.handover("overflow");
      calls.release(entry, Number.POSITIVE_INFINITY, true);
      return;
    }
    elsewhere.copied = this.#copies.send(entry, successor.id, patience);
    for (const waiting of elsewhere.outbox) waiting.after ??= elsewhere.copied;
    measures.handover("copied");
    if (this.#silent.has(successor.id)) calls.release(entry, elsewhere.copied, this.#unopposed);
  }

  /** After each step: a call of somebody else's that waited for routing's word has it. */
  stepped(entry: Entry): void {
    if (this.#undecided.size === 0 || !this.#undecided.has(entry) || isUndecided(entry)) return;
    this.#undecided.delete(entry);
    this.#handOver(entry);
    this.#answerParked();
    this.#tellIdle();
  }

  /** A context is gone. `unforeseen`: in a way that its copy cannot know of. */
  ended(entry: Entry, unforeseen: boolean): void {
    this.#queue.delete(entry);
    this.#undecided.delete(entry);
    const successor = entry.elsewhere?.successor;
    if (!unforeseen || successor === undefined) return;
    this.#copies.drop(({ of }) => of === entry);
    this.#send(successor, { $case: "forget", value: { key: entry.key } });
  }

  /** Somebody else may know of calls that are ours. */
  get mayAsk(): boolean {
    return this.#o.clock.now() <= this.#othersUntil;
  }

  /**
   * A message of a call that nothing is known of here, though others may know more. @returns whether it waits; then
   * `resume` is called once they have answered.
   */
  asks(callId: string, resume: () => void): boolean {
    const { cluster } = this.#o;
    const others = (members: readonly Member[]) => members.map(({ id }) => id).filter((id) => !this.#own.has(id));
    const owners = others(cluster.formerOwnersOf(callId, FORMER));
    // A copy of our own was gone on with already.
    const successors = others(cluster.formerSuccessorsOf(callId, FORMER)).filter((id) => !owners.includes(id));
    const asked = this.#claims.ask(callId, { owners, successors }, resume);
    if (asked) this.#o.measures.handover("asked");
    return asked;
  }

  /** A message of another member, for that one of ours. @throws Error where it cannot be read */
  receive(payload: Uint8Array, to: string): void {
    const { from, message } = wire.HandoverMessage.decode(payload);
    switch (message?.$case) {
      case "copy":
        this.#take(from, message.value);
        break;
      case "receipt":
        this.#silent.delete(from);
        for (const number of message.value.kept) this.#receipt(number, "kept");
        for (const number of message.value.refused) this.#receipt(number, "refused");
        break;
      case "claim":
        this.#claim({ ...message.value, from, to, membership: Number(message.value.membership) });
        break;
      case "claimed":
        this.#claims.answered(from, message.value.callId);
        break;
      case "handedOver":
        this.#awaited?.instances.delete(this.#listed.get(from) ?? "");
        break;
      case "forget":
        if (this.#kept.get(message.value.key)?.from === from) this.#kept.remove(message.value.key);
        break;
      case undefined:
        throw new Error(`member ${from} says something that this release does not know`);
      default:
        message satisfies never;
    }
  }

  /** Waits until everything has gone to whom it belongs; for `milliseconds` at most. */
  async handedOver(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const bound = this.#o.clock.after(milliseconds, resolve);
    this.#idle.push(resolve);
    this.#tellIdle();
    await promise;
    bound.cancel();
  }

  stop(): void {
    this.#subscription.close();
    this.#sweep?.cancel();
    this.#pump?.cancel();
    this.#copies.stop();
    this.#passedOn.stop();
    this.#claims.stop();
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** The list of owners may be another one. */
  #changed(): void {
    const { cluster, clock, calls } = this.#o;
    const { number, members } = cluster.membership;
    if (number === this.#number) return;
    const before = this.#listed;
    this.#listed = new Map(members.map(({ id, instance }) => [id, instance]));
    this.#number = number;
    this.#claims.forget();
    const strangers = members.filter(({ id, instance }) => !this.#own.has(id) && instance !== cluster.self.id);
    if (this.#others || strangers.length > 0) this.#othersUntil = clock.now() + FORMER;
    this.#others = strangers.length > 0;
    this.#newcomers = strangers.map(({ id }) => id).filter((id) => !before.has(id));
    this.#await(new Set(strangers.map(({ instance }) => instance)));
    for (const silent of this.#silent) if (!this.#listed.has(silent)) this.#silent.delete(silent);
    // What is under way to who is gone is sent anew, to who is there.
    this.#copies.drop(({ to }) => !this.#listed.has(to));
    this.#sortKept();
    for (const entry of calls.entries()) this.#sortEntry(entry);
    this.#pumpLater();
  }

  /** Who joins waits for all who were there to say that it has what is its own now. */
  #await(instances: Set<string>): void {
    if (!this.#listed.has(this.#first)) return;
    this.#awaited ??= { instances: new Set(instances), until: this.#o.clock.now() + READY_AFTER };
    for (const instance of this.#awaited.instances)
      if (!instances.has(instance)) this.#awaited.instances.delete(instance);
  }

  #sortKept(): void {
    const { cluster, clock } = this.#o;
    for (const kept of [...this.#kept.values()]) {
      const owner = cluster.ownerOf(kept.callId);
      if (owner === undefined) continue;
      if (this.#own.has(owner.id)) this.#adoptKept(kept);
      else if (!this.#listed.has(kept.from)) this.#passedOn.send(kept, owner.id, PERSISTENCE);
      else if (!this.#own.has(cluster.successorOf(kept.callId)?.id ?? "")) {
        const expires = Math.min(kept.expires, clock.now() + SUPERSEDED);
        this.#kept.keep({ ...kept, expires });
      }
    }
  }

  #sortEntry(entry: Entry): void {
    const { cluster } = this.#o;
    const owner = cluster.ownerOf(entry.callId);
    const leaving = entry.elsewhere?.leaving;
    if (owner === undefined) return;
    if (!this.#own.has(owner.id)) {
      if (leaving?.to !== owner.id) this.#queue.add(entry);
    } else if (leaving !== undefined) this.#takeBack(entry, leaving);
    else if (wantsCopy(entry) && cluster.successorOf(entry.callId)?.id !== entry.elsewhere?.successor)
      this.#queue.add(entry);
  }

  /** It was on its way to who is gone meanwhile. */
  #takeBack(entry: Entry, leaving: Leaving): void {
    const { calls, clock } = this.#o;
    const state = decodeCallState(this.#stateOf(entry), clock.now() - leaving.at);
    calls.letGo(entry);
    this.#adopt(state);
  }

  #pumpLater(): void {
    this.#pump ??= this.#o.clock.after(0, () => {
      this.#pump = undefined;
      this.#work();
    });
  }

  #work(): void {
    const { cluster } = this.#o;
    let count = 0;
    for (const entry of this.#queue) {
      if (++count > SLICE) break;
      this.#queue.delete(entry);
      const owner = cluster.ownerOf(entry.callId);
      if (owner !== undefined && this.#own.has(owner.id)) this.copy(entry);
      else if (owner !== undefined) this.#handOver(entry);
    }
    if (this.#queue.size > 0) {
      this.#pumpLater();
      return;
    }
    for (const member of this.#newcomers)
      this.#send(member, { $case: "handedOver", value: { membership: BigInt(this.#number) } });
    this.#newcomers = [];
    this.#answerParked();
    this.#tellIdle();
  }

  /** To the owner by the list as it is now; from here on it is that member's. */
  #handOver(entry: Entry): void {
    const { cluster, calls, measures, clock } = this.#o;
    const owner = cluster.ownerOf(entry.callId);
    if (owner === undefined || this.#own.has(owner.id)) return;
    if (isUndecided(entry)) {
      // Its answer goes out from here; a REGISTER or OPTIONS is then over.
      if (entry.method === "INVITE") this.#undecided.add(entry);
      return;
    }
    if (isFinished(entry)) {
      calls.letGo(entry);
      return;
    }
    entry.elsewhere ??= new Elsewhere();
    const { elsewhere } = entry;
    elsewhere.outbox.length = 0;
    elsewhere.leaving ??= { number: 0, to: owner.id, at: clock.now(), timers: entry.timers.remaining() };
    elsewhere.leaving.to = owner.id;
    entry.timers.stopAll();
    measures.handover("handed-over");
    elsewhere.leaving.number = this.#copies.send(entry, owner.id, PERSISTENCE);
  }

  #settled({ of: entry, number, to }: UnderWay<Entry>, outcome: Outcome): void {
    const { calls, measures } = this.#o;
    const { elsewhere } = entry;
    if (elsewhere === undefined || (elsewhere.leaving !== undefined && elsewhere.leaving.number !== number)) return;
    if (elsewhere.leaving !== undefined) {
      if (outcome === "unheard") measures.handover("lost");
      calls.letGo(entry);
      this.#tellIdle();
    } else if (outcome === "refused") {
      measures.handover("deposed");
      calls.letGo(entry);
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

  #receipt(number: number, outcome: "kept" | "refused"): void {
    // Both number their copies apart: even for calls, odd for copies of others.
    if (number % 2 === 0) this.#copies.receipt(number / 2, outcome);
    else this.#passedOn.receipt((number - 1) / 2, outcome);
  }

  #sendState({ of: entry, to, number }: UnderWay<Entry>, again: boolean): void {
    const leaving = entry.elsewhere?.leaving;
    // A later copy says it all.
    if (again && number !== (leaving?.number ?? entry.elsewhere?.copied)) return;
    const longest = timersOf(entry).reduce((most, { after }) => Math.max(most, after), FORMER);
    this.#send(to, {
      $case: "copy",
      value: {
        number: 2 * number,
        key: entry.key,
        callId: entry.callId,
        life: Math.ceil(longest) + MARGIN,
        state: bufferOf(this.#stateOf(entry)),
        since: BigInt(entry.since),
      },
    });
  }

  #stateOf(entry: Entry): Uint8Array {
    const { key, method, withoutOffer, keepAlive, trace, context } = entry;
    const age = Math.round(this.#o.clock.now() - entry.began);
    return encodeCallState({ key, method, age, withoutOffer, keepAlive, trace, context, timers: timersOf(entry) });
  }

  #sendKept(kept: Kept, to: string, number: number): void {
    const { key, callId, state, since, expires } = kept;
    this.#send(to, {
      $case: "copy",
      value: {
        number: 2 * number + 1,
        key,
        callId,
        life: Math.max(0, Math.round(expires - this.#o.clock.now())),
        state: bufferOf(state),
        since: BigInt(since),
      },
    });
  }

  /** A copy came: of a call of that member's, or of one that is ours now. */
  #take(from: string, { number, key, callId, life, state, since: wireSince }: wire.Copy): void {
    const { cluster, clock, calls, measures } = this.#o;
    const since = Number(wireSince);
    const live = calls.find(key);
    if (live !== undefined && since <= live.since) {
      this.#confirm(from, number, "refused");
      return;
    }
    if (live !== undefined) calls.letGo(live);
    const owner = cluster.ownerOf(callId);
    const kept = { key, callId, from, since, state, at: clock.now(), expires: clock.now() + life };
    if (owner !== undefined && this.#own.has(owner.id)) this.#adoptKept(kept);
    else if (this.#kept.keep(kept)) this.#sweepLater();
    else measures.handover("overflow");
    this.#confirm(from, number, "kept");
  }

  #adoptKept(kept: Kept): void {
    const { clock, measures, log, calls } = this.#o;
    this.#kept.remove(kept.key);
    if (calls.find(kept.key) !== undefined) return;
    try {
      this.#adopt(decodeCallState(kept.state, clock.now() - kept.at));
    } catch (error) {
      measures.exception("handover");
      log.error({ err: error, callId: kept.callId, from: kept.from }, "A call could not be taken over.");
    }
  }

  #adopt(state: CallState): void {
    this.#o.measures.handover("adopted");
    const entry = this.#o.calls.adopt(state, this.#number);
    if (!wantsCopy(entry)) return;
    this.#queue.add(entry);
    this.#pumpLater();
  }

  /** Receipts of one turn travel together. */
  #confirm(to: string, number: number, outcome: "kept" | "refused"): void {
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
    for (const [to, value] of receipts) this.#send(to, { $case: "receipt", value });
  }

  #claim(claim: Parked): void {
    if (this.#parked.length >= PARKED) return;
    this.#parked.push(claim);
    this.#answerParked();
  }

  /** Who asks for a call is sent all that is here of it, and then told that this was all. */
  #answerParked(): void {
    const { calls } = this.#o;
    if (this.#parked.length === 0) return;
    for (const claim of this.#parked.splice(0)) {
      if (claim.membership > this.#number) {
        // Our list is behind: who is the owner there need not be one here.
        this.#parked.push(claim);
        continue;
      }
      const here = [...this.#queue].filter((entry) => entry.callId === claim.callId);
      for (const entry of here) {
        this.#queue.delete(entry);
        if (calls.find(entry.key) === entry) this.#handOver(entry);
      }
      if (claim.copies) this.#passOnKept(claim);
      if ([...this.#undecided].some((entry) => entry.callId === claim.callId)) this.#parked.push(claim);
      else this.#send(claim.from, { $case: "claimed", value: { callId: claim.callId } }, claim.to);
    }
  }

  /** Their owner does not answer. */
  #passOnKept({ from, callId }: Parked): void {
    for (const kept of this.#kept.values()) if (kept.callId === callId) this.#passedOn.send(kept, from, PERSISTENCE);
  }

  #send(to: string, message: NonNullable<wire.HandoverMessage["message"]>, from = this.#first): void {
    const payload = wire.HandoverMessage.encode({ from, message }).finish();
    this.#o.bus.publish(this.#o.subjectOf(to), { kind: "handover", payload });
  }

  #sweepLater(): void {
    this.#sweep ??= this.#o.clock.after(SWEEP, () => {
      this.#sweep = undefined;
      this.#kept.sweep(this.#o.clock.now());
      if (this.#kept.size > 0) this.#sweepLater();
    });
  }

  #tellIdle(): void {
    if (this.#idle.length === 0 || this.#queue.size > 0 || this.#undecided.size > 0) return;
    if (this.#copies.size > 0 || this.#passedOn.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** Something was said that rests on its state. */
function wantsCopy({ context, method, turnedAway, elsewhere }: Entry): boolean {
  return method === "INVITE" && !turnedAway && (elsewhere !== undefined || context.stage !== "routing");
}

function timersOf(entry: Entry): readonly Remaining[] {
  return entry.elsewhere?.leaving?.timers ?? entry.timers.remaining();
}

/** Routing was asked, and its answer would be lost with us. */
function isUndecided({ context }: Entry): boolean {
  return context.stage === "routing";
}

/** A request other than INVITE that was answered: what its retransmission would be told it is told anew. */
function isFinished({ context, method }: Entry): boolean {
  return method !== "INVITE" && context.answered !== 0;
}
