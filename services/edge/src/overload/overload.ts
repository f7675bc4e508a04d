import type { Outbound } from "@sipmesh/bus";
import type { Cluster, Member, Sealer } from "@sipmesh/cluster";
import type { Clock, EventLoop, Random } from "@sipmesh/environment";
import { Name, type Request } from "@sipmesh/sip";
import type { Counter, Histogram, Metrics } from "@sipmesh/telemetry";
import type { EdgeConfig } from "../config.ts";
import { busy, firstAnswer, limit, refused, settingUp } from "../telemetry.ts";
import { Admission, type Refusal, type Share } from "./admission.ts";
import { answersInvite } from "./cseq-line.ts";
import { bearsDialogToken } from "./dialog.ts";
import { keyedHash } from "./keyed-hash.ts";
import { Precedences } from "./precedence.ts";

export interface OverloadOptions {
  readonly config: EdgeConfig["overload"];
  readonly clock: Clock;
  readonly eventLoop: EventLoop;
  readonly random: Random;
  readonly cluster: Cluster;
  readonly sealer: Sealer;
  readonly metrics: Metrics;
}

/** Owners that are told apart; beyond it they share one number. */
const OWNERS = 256;
const SLASH = 47;
const TWO = 50;

/** Answers overload before work is queued: wires the decision to this edge, its clock, its fellows and its metrics. */
export class Overload {
  readonly #o: OverloadOptions;
  readonly #seed: number;
  readonly #admission: Admission;
  readonly #precedences: Precedences;
  readonly #refused: Counter;
  readonly #firstAnswer: Histogram;
  readonly #following: { close(): void };
  /** The numbers of the owners that are there, by their ids; they go round, so that one is not soon used again. */
  readonly #owners = new Map<string, number>();
  #nextOwner = 0;
  #edges = 1;

  constructor(options: OverloadOptions) {
    const { config, clock, cluster, eventLoop, metrics, random, sealer } = options;
    this.#o = options;
    this.#seed = random.integer(0x1_0000_0000) | 0;
    this.#admission = new Admission({
      burst: config.burst,
      delay: config.delay,
      remembered: config.remembered,
      share: {},
      now: clock.now(),
      idle: eventLoop.idle,
    });
    this.#precedences = new Precedences({
      emergency: config.emergency,
      namespaces: config.namespaces,
      inDialog: (request) => bearsDialogToken(request, sealer),
    });
    this.#refused = metrics.counter(refused);
    this.#firstAnswer = metrics.histogram(firstAnswer);
    metrics.gauge(settingUp, () => {
      this.#admission.sweep(clock.now());
      return this.#admission.settingUp;
    });
    metrics.gauge(busy, () => this.#admission.busy(clock.now()) / 1000);
    metrics.gauge(limit, () => this.#limits());
    this.#following = cluster.onChange(() => this.#divide());
    this.#divide();
  }

  /** Calls that came in here and have no final response yet. */
  get settingUp(): number {
    this.#admission.sweep(this.#o.clock.now());
    return this.#admission.settingUp;
  }

  /** Whether a call that came in here before then has no final response yet. */
  isSettingUp(before: number): boolean {
    this.#admission.sweep(this.#o.clock.now());
    return this.#admission.isSettingUp(before);
  }

  /** @returns why a request is to be answered 503; undefined: it goes on */
  refuses(request: Request, callId: string, trusted: boolean, owner: Member | undefined): Refusal | undefined {
    const precedence = this.#precedences.of(request, trusted);
    if (precedence === "in-progress") return undefined;
    const refusal = this.#admission.judge(
      {
        precedence,
        key: keyedHash(callId, this.#seed),
        cseq: request.cseq.number,
        isCall: request.method === "INVITE",
        credentials: request.has(Name.Authorization) || request.has(Name.ProxyAuthorization),
        owner: owner === undefined ? 0 : this.#numberOf(owner.id),
      },
      this.#o.clock.now(),
    );
    if (refusal !== undefined) this.#refused.with({ reason: refusal, precedence }).add();
    return refusal;
  }

  /**
   * What is about to be sent: a call's first response tells how fast its owner is, the final one that it is set up. A call
   * whose final response leaves by another edge is that one's.
   */
  sends({ raw, flow, callId, finalElsewhere = false }: Outbound): void {
    if (flow === undefined || callId === undefined || raw[3] !== SLASH) return;
    const now = this.#o.clock.now();
    const key = keyedHash(callId, this.#seed);
    if (!this.#admission.waits(key, now) || !answersInvite(raw)) return;
    // "SIP/2.0 200": the class of the status.
    const after = this.#admission.answered(key, finalElsewhere || (raw[8] as number) >= TWO, now);
    if (after !== undefined) this.#firstAnswer.observe(after / 1000);
  }

  /** A request that never reached its owner. */
  lost(callId: string): void {
    this.#admission.lost(keyedHash(callId, this.#seed), this.#o.clock.now());
  }

  /** Seconds after which who was refused may come again: spread, so that they do not all come at once. */
  retryAfter(): number {
    const { config, random } = this.#o;
    return Math.max(1, Math.round(config.retryAfter / 2) + random.integer(config.retryAfter + 1));
  }

  stop(): void {
    this.#following.close();
  }

  /** Each edge that is there takes an equal part of what the platform takes. */
  #divide(): void {
    const { clock, cluster } = this.#o;
    this.#edges = Math.max(1, cluster.instances("edge").filter(({ leaving }) => leaving !== true).length);
    this.#admission.share(this.#share(), clock.now());
    const there = new Set(cluster.membership.members.map(({ id }) => id));
    for (const id of this.#owners.keys()) if (!there.has(id)) this.#owners.delete(id);
  }

  #share(): Share {
    const { callsPerSecond, requestsPerSecond, setUps } = this.#o.config;
    const part = (whole: number | undefined) => (whole === undefined ? undefined : whole / this.#edges);
    return {
      callsPerSecond: part(callsPerSecond),
      requestsPerSecond: part(requestsPerSecond),
      setUps: part(setUps),
    };
  }

  *#limits(): Iterable<{ labels: { of: string }; value: number }> {
    for (const [of, value] of Object.entries(this.#share())) if (value !== undefined) yield { labels: { of }, value };
  }

  #numberOf(owner: string): number {
    const known = this.#owners.get(owner);
    if (known !== undefined) return known;
    const used = new Set(this.#owners.values());
    if (used.size >= OWNERS) return 0;
    while (used.has(this.#nextOwner)) this.#nextOwner = (this.#nextOwner + 1) % OWNERS;
    this.#owners.set(owner, this.#nextOwner);
    this.#admission.newOwner(this.#nextOwner);
    return this.#nextOwner;
  }
}
