import type { Bus, Closer } from "@sipmesh/bus";
import type { Cluster, Member } from "@sipmesh/cluster";
import type { Clock, Timer } from "@sipmesh/environment";
import * as wire from "@sipmesh/proto/handover";
import type { ProxyEffect } from "@sipmesh/sip-core";
import type { Log } from "@sipmesh/telemetry";
import type { Entry } from "../entry.ts";
import type { Measures } from "../measures.ts";
import { type CallState, decodeCallState } from "./call-state.ts";
import type { Calls } from "./calls.ts";
import { Claims } from "./claims.ts";
import { CopiesOfOthers } from "./copies-of-others.ts";
import type { Leaving } from "./elsewhere.ts";
import { OwnCopies } from "./own-copies.ts";
import { Post } from "./post.ts";
import { RecentKeys } from "./recent-keys.ts";

/** Milliseconds for which former owners are asked about a call: 64·T1, the life of a transaction. */
const FORMER = 32_000;
/** Calls that are handed over in one turn of the event loop. */
const SLICE = 100;
/** Claims that wait until they can be answered; who makes them waits for a second. */
const PARKED = 10_000;
/** Milliseconds after which who joined is ready, whatever it has been sent by then. */
const READY_AFTER = 5000;

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

/** A claim that was not answered yet. */
interface Parked {
  readonly from: string;
  /** The member of ours that was asked. */
  readonly to: string;
  readonly callId: string;
  readonly membership: number;
  readonly copies: boolean;
}

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
  readonly #post: Post;
  readonly #copies: OwnCopies;
  readonly #others: CopiesOfOthers;
  readonly #claims: Claims;
  /** Calls that another member has gone on with, and its instance. */
  readonly #passedOn: RecentKeys<string>;
  readonly #subscription: Closer;
  #number = 0;
  /** The instances of the members on the list. */
  #listed: ReadonlyMap<string, string> = new Map();
  /** Nobody owns calls but this process. */
  #alone = true;
  /** Until then somebody else may know of calls that are ours. */
  #askUntil = Number.NEGATIVE_INFINITY;
  /** Calls that belong to somebody else, or whose successor is another one now. */
  readonly #queue = new Set<Entry>();
  /** Calls of others that wait for routing's word, which would be lost with us. */
  readonly #undecided = new Set<Entry>();
  readonly #parked: Parked[] = [];
  #newcomers: readonly string[] = [];
  /** Members that have sent what is ours before we knew that we had joined. */
  readonly #told = new Set<string>();
  /** Instances that have yet to do so. */
  #awaited: { readonly instances: Set<string>; readonly until: number } | undefined;
  #pump: Timer | undefined;
  readonly #idle: (() => void)[] = [];

  constructor(options: HandoverOptions) {
    const { clock, bus, cluster, members, subjectOf } = options;
    const own = new Set(options.members);
    this.#o = options;
    this.#own = own;
    this.#first = members[0] ?? "";
    const post = new Post(bus, subjectOf, this.#first);
    this.#post = post;
    const gone = () => this.#tellIdle();
    this.#passedOn = new RecentKeys(clock, options.bound);
    const passedOn = (key: string, to: string) => this.#passedOn.add(key, this.#listed.get(to) ?? "");
    this.#copies = new OwnCopies({ ...options, own, post, passedOn, gone });
    this.#others = new CopiesOfOthers({
      ...options,
      own,
      post,
      gone,
      adopt: (state) => this.#adopt(state),
      asks: (callId, resume) => this.asks(callId, resume),
      isAsked: (callId) => this.#claims.isOpen(callId),
    });
    this.#claims = new Claims({
      clock,
      isGone: (member) => cluster.isGone(member),
      told: (callId) => this.#others.told(callId),
      ask: (member, callId, copies) =>
        post.send(member, { $case: "claim", value: { callId, membership: BigInt(this.#number), copies } }),
    });
    this.#subscription = cluster.onChange(() => this.#changed());
    this.#changed();
  }

  /** Copies of calls that other members own. */
  get kept(): number {
    return this.#others.size;
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

  /** Whether copies of it are kept elsewhere. */
  copies(entry: Entry): boolean {
    return !this.#alone && OwnCopies.wants(entry);
  }

  /** Whether what a step says must wait until a copy of its state is kept elsewhere. */
  covers(entry: Entry, effects: readonly ProxyEffect[]): boolean {
    return !this.#alone && OwnCopies.covers(entry, effects);
  }

  /** Nothing of what has happened to it would be lost with us, as far as anybody keeps copies. */
  isSafe(entry: Entry): boolean {
    if (entry.method !== "INVITE") return entry.context.answered !== 0;
    return this.#alone || entry.turnedAway || (entry.elsewhere?.safe ?? entry.context.stage === "over");
  }

  /** Sends a copy of the state that a step has led to; what the step says waits in the outbox for its receipt. */
  copy(entry: Entry): void {
    this.#copies.copy(entry);
  }

  /** After each step: a call of somebody else's that waited for routing's word has it. */
  stepped(entry: Entry): void {
    if (this.#undecided.size === 0 || !this.#undecided.has(entry) || isUndecided(entry)) return;
    this.#undecided.delete(entry);
    this.#queue.delete(entry);
    this.#handOver(entry);
    this.#answerParked();
    this.#tellIdle();
  }

  /** A context has come to its end. `unforeseen`: in a way that its copy cannot know of. */
  ended(entry: Entry, unforeseen: boolean): void {
    if (!this.#alone && this.mayAsk) this.#others.over(entry.key);
    if (unforeseen) this.#copies.forget(entry);
    this.gone(entry);
  }

  /** A context of this key has ended here not long ago, while others may have gone on with it. */
  isOver(key: string): boolean {
    return this.#others.isOver(key);
  }

  /** A context of this key was here not long ago, and another member has gone on with it, who is there. */
  isPassedOn(key: string): boolean {
    const to = this.#passedOn.get(key);
    return to !== undefined && this.#o.cluster.instances("transaction").some(({ id }) => id === to);
  }

  /** A context is here no more. */
  gone(entry: Entry): void {
    this.#queue.delete(entry);
    if (!this.#undecided.delete(entry)) return;
    this.#answerParked();
    this.#tellIdle();
  }

  /** Somebody else may know of calls that are ours. */
  get mayAsk(): boolean {
    return this.#o.clock.now() <= this.#askUntil;
  }

  /**
   * A message of a call that nothing is known of here, though others may know more. @returns whether it waits; then
   * `resume` is called once they have answered.
   */
  asks(callId: string, resume: () => void): boolean {
    const { cluster, measures } = this.#o;
    const others = (members: readonly Member[]) => members.filter(({ id }) => !this.#own.has(id));
    const owners = others(cluster.formerOwnersOf(callId, FORMER));
    // A copy of our own was gone on with already.
    const ids = new Set(owners.map(({ id }) => id));
    const successors = others(cluster.formerSuccessorsOf(callId, FORMER)).filter(({ id }) => !ids.has(id));
    const asked = this.#claims.ask(callId, { owners, successors }, resume);
    if (asked) measures.handover("asked");
    return asked;
  }

  /** A message of another member, for that one of ours. @throws Error where it cannot be read */
  receive(payload: Uint8Array, to: string): void {
    const { from, message } = wire.HandoverMessage.decode(payload);
    switch (message?.$case) {
      case "copy":
        this.#others.take(from, message.value);
        break;
      case "receipt":
        this.#copies.heard(from);
        for (const number of message.value.kept) this.#receipt(number, "kept");
        for (const number of message.value.refused) this.#receipt(number, "refused");
        break;
      case "claim":
        if (this.#parked.length >= PARKED) return;
        this.#answer([{ ...message.value, from, to, membership: Number(message.value.membership) }]);
        break;
      case "claimed":
        this.#claims.answered(from, message.value.callId);
        break;
      case "handedOver":
        if (this.#awaited === undefined) this.#told.add(from);
        this.#awaited?.instances.delete(this.#listed.get(from) ?? "");
        break;
      case "forget":
        this.#others.forget(message.value.key, from);
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
    this.#pump?.cancel();
    this.#copies.stop();
    this.#others.stop();
    this.#claims.stop();
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** The list of owners may be another one. */
  #changed(): void {
    const { cluster, clock, calls } = this.#o;
    const { number, members } = cluster.membership;
    if (number === this.#number) return;
    const before = this.#listed;
    const skipped = this.#number > 0 && number > this.#number + 1;
    this.#listed = new Map(members.map(({ id, instance }) => [id, instance]));
    this.#number = number;
    this.#claims.forget();
    const strangers = members.filter(({ id, instance }) => !this.#own.has(id) && instance !== cluster.self.id);
    this.#askUntil = clock.now() + FORMER;
    this.#alone = strangers.length === 0;
    const waiting = new Set(this.#newcomers);
    this.#newcomers = strangers.map(({ id }) => id).filter((id) => waiting.has(id) || !before.has(id));
    this.#await(new Set(strangers.map(({ instance }) => instance)));
    this.#copies.listed(this.#listed);
    this.#others.listed(this.#listed, skipped);
    // What is still to be answered goes first.
    for (const entry of calls.entries()) if (!isAnswered(entry)) this.#sort(entry);
    for (const entry of calls.entries()) if (isAnswered(entry)) this.#sort(entry);
    this.#workLater();
  }

  /** Who joins waits for all who were there to say that it has what is its own now. */
  #await(instances: Set<string>): void {
    if (!this.#listed.has(this.#first)) return;
    if (this.#awaited === undefined) {
      this.#awaited = { instances: new Set(instances), until: this.#o.clock.now() + READY_AFTER };
      for (const member of this.#told) this.#awaited.instances.delete(this.#listed.get(member) ?? "");
      this.#told.clear();
    }
    for (const instance of this.#awaited.instances)
      if (!instances.has(instance)) this.#awaited.instances.delete(instance);
  }

  #sort(entry: Entry): void {
    const { cluster } = this.#o;
    const owner = cluster.ownerOf(entry.callId);
    const leaving = entry.elsewhere?.leaving;
    if (owner === undefined) return;
    if (!this.#own.has(owner.id)) {
      if (leaving?.to === owner.id && leaving.number !== 0) return;
      this.#queue.add(entry);
      // Not in its turn but now: its copy may be gone on with by who has it.
      if (!isUndecided(entry) && !isFinished(entry)) this.#copies.giveUp(entry, owner.id);
      else if (isUndecided(entry) && entry.method === "INVITE") this.#undecided.add(entry);
    } else if (leaving !== undefined) {
      this.#takeBack(entry, leaving);
    } else if (OwnCopies.wants(entry) && cluster.successorOf(entry.callId)?.id !== entry.elsewhere?.successor) {
      this.#queue.add(entry);
    }
  }

  /** It was on its way to another. That one has gone on with it where it is still there, and is asked first. */
  #takeBack(entry: Entry, leaving: Leaving): void {
    const { calls, clock } = this.#o;
    const { key, callId, since, context } = entry;
    const state = this.#copies.stateOf(entry);
    this.#copies.callOff(entry);
    calls.letGo(entry, false);
    // It is no newer than it was: who went on with it meanwhile has the later state.
    const goOn = (): void => {
      const live = calls.find(key);
      // Who passed on an older state did not know of the answer.
      if (live !== undefined && (context.answered === 0 || live.context.answered !== 0)) return;
      if (live !== undefined) calls.letGo(live, false);
      this.#adopt(decodeCallState(state, clock.now() - leaving.at), since);
    };
    if (!this.#listed.has(leaving.to) || !this.asks(callId, goOn)) goOn();
  }

  #adopt(state: CallState, since = this.#number): void {
    const { calls, measures } = this.#o;
    measures.handover("adopted");
    const entry = calls.adopt(state, since);
    if (!OwnCopies.wants(entry)) return;
    this.#queue.add(entry);
    this.#workLater();
  }

  #workLater(): void {
    this.#pump ??= this.#o.clock.after(0, () => {
      this.#pump = undefined;
      this.#work();
    });
  }

  /** A slice at a time, so that messages are not kept waiting. */
  #work(): void {
    const { cluster } = this.#o;
    let count = 0;
    for (const entry of this.#queue) {
      if (++count > SLICE) break;
      this.#queue.delete(entry);
      const owner = cluster.ownerOf(entry.callId);
      if (owner !== undefined && this.#own.has(owner.id)) this.copy(entry);
      else this.#handOver(entry);
    }
    if (this.#queue.size > 0) {
      this.#workLater();
      return;
    }
    for (const member of this.#newcomers)
      this.#post.send(member, { $case: "handedOver", value: { membership: BigInt(this.#number) } });
    this.#newcomers = [];
    this.#answerParked();
    this.#tellIdle();
  }

  /** To the owner by the list as it is now. */
  #handOver(entry: Entry): void {
    const { cluster, calls } = this.#o;
    const owner = cluster.ownerOf(entry.callId);
    if (owner === undefined || this.#own.has(owner.id)) return;
    // An answer that is asked for comes here, and goes out from here; a REGISTER is then over.
    if (isUndecided(entry)) return;
    if (isFinished(entry)) calls.letGo(entry, true);
    else this.#copies.handOver(entry, owner.id);
  }

  /** Numbers of our own calls' copies are even, those of copies of others odd. */
  #receipt(number: number, outcome: "kept" | "refused"): void {
    if (number % 2 === 0) this.#copies.receipt(number / 2, outcome);
    else this.#others.receipt((number - 1) / 2, outcome);
  }

  #answerParked(): void {
    this.#answer(this.#parked.splice(0));
  }

  /** Who asks for a call is sent all that is here of it, and then told that this was all. */
  #answer(claims: readonly Parked[]): void {
    const { calls } = this.#o;
    for (const claim of claims) {
      const { from, to, callId, membership, copies } = claim;
      // Our list may be behind: who is the owner there need not be one here.
      if (membership > this.#number) {
        this.#parked.push(claim);
        continue;
      }
      for (const entry of [...this.#queue].filter((queued) => queued.callId === callId)) {
        this.#queue.delete(entry);
        if (calls.find(entry.key) === entry) this.#handOver(entry);
      }
      if (copies) this.#others.passOn(callId, from);
      if ([...this.#undecided].some((entry) => entry.callId === callId)) this.#parked.push(claim);
      else this.#post.send(from, { $case: "claimed", value: { callId } }, to);
    }
  }

  #tellIdle(): void {
    if (this.#idle.length === 0 || this.#queue.size > 0 || this.#undecided.size > 0) return;
    if (this.#copies.waiting > 0 || this.#others.waiting > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

/** Routing was asked, and its answer would be lost with us. */
function isUndecided({ context }: Entry): boolean {
  return context.stage === "routing";
}

/** A request other than INVITE that has its final response. */
function isAnswered({ context, method }: Entry): boolean {
  return method !== "INVITE" && context.answered !== 0;
}

/**
 * It was answered without a next hop: its retransmission is answered alike without us. A next hop need not remember its own
 * answer (RFC 3261 section 17.2.2: Timer J is zero over a connection), and until it has got through again whoever starts
 * anew says 100 to a client that has heard the final response.
 */
function isFinished(entry: Entry): boolean {
  return isAnswered(entry) && entry.context.branches.length === 0;
}
