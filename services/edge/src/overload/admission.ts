import { Bucket } from "./bucket.ts";
import { Busyness } from "./busyness.ts";
import { Pace } from "./pace.ts";
import type { Precedence } from "./precedence.ts";
import { RecentRequests } from "./recent-requests.ts";
import { LEAST, Throttle } from "./throttle.ts";

/** Why a request is refused: a configured limit, the edge itself, or the owner of its call; or because it was before. */
export type Refusal = "rate" | "set-ups" | "busy" | "owner" | "again";

/** What one edge may take of what the platform takes. Absent: no limit. */
export interface Share {
  readonly callsPerSecond?: number | undefined;
  readonly requestsPerSecond?: number | undefined;
  readonly setUps?: number | undefined;
}

export interface AdmissionOptions {
  /** Seconds. */
  readonly burst: number;
  /** Milliseconds that a new call may have to wait; 0: whatever it is. */
  readonly delay: number;
  /** Requests that are remembered. */
  readonly remembered: number;
  readonly share: Share;
  readonly now: number;
  /** Milliseconds that the event loop has waited so far. */
  readonly idle: () => number;
}

/** What is to be judged. */
export interface Applicant {
  readonly precedence: Exclude<Precedence, "in-progress">;
  /** A keyed hash of its Call-ID. */
  readonly key: number;
  readonly cseq: number;
  readonly isCall: boolean;
  readonly credentials: boolean;
  /** The number of the owner of its call, below 256. */
  readonly owner: number;
}

/** How much of `delay` may have to be waited before a request is refused. */
const PATIENCE: Readonly<Record<Applicant["precedence"], number>> = { emergency: 4, priority: 4, call: 1, other: 0.5 };
/** Besides so many a second one of so many others is let in all the same: a phone that never registers cannot be called. */
const OTHERS = 8;
/** A phone that takes its time is spoken for by a 100 after 200 ms (RFC 3261 §17.2.1): until then nobody is slow. */
const TRYING = 200;
/** Milliseconds between two looks at which calls were forgotten by their owner. */
const SWEEP = 1000;

/**
 * Decides which requests an edge takes, before anything is queued. The clock and the event loop's idle time are handed in;
 * nothing is done here but arithmetic.
 */
export class Admission {
  readonly #o: AdmissionOptions;
  readonly #recent: RecentRequests;
  readonly #busyness: Busyness;
  readonly #throttle: Throttle;
  readonly #paces: (Pace | undefined)[] = [];
  #share: Share = {};
  #calls: Bucket | undefined;
  #requests: Bucket | undefined;
  readonly #leastOthers: Bucket;
  #others = 0;
  #swept: number;

  constructor(options: AdmissionOptions) {
    this.#o = options;
    this.#recent = new RecentRequests(options.remembered);
    this.#busyness = new Busyness(options.now, options.idle());
    this.#throttle = new Throttle(options.now);
    this.#leastOthers = new Bucket(LEAST, 1, options.now);
    this.#swept = options.now;
    this.share(options.share, options.now);
  }

  get settingUp(): number {
    return this.#recent.settingUp;
  }

  /** Whether a call that came before then is still being set up. */
  isSettingUp(before: number): boolean {
    return this.#recent.isSettingUp(before);
  }

  /** Milliseconds that the event loop has worked without a pause. */
  busy(now: number): number {
    return this.#busyness.busy(now);
  }

  /** Edges came or went: the limits of this one are others. */
  share(share: Share, now: number): void {
    const { burst } = this.#o;
    this.#share = share;
    this.#calls = changed(this.#calls, share.callsPerSecond, burst, now);
    this.#requests = changed(this.#requests, share.requestsPerSecond, burst, now);
  }

  /** Another owner has this number from now on. */
  newOwner(owner: number): void {
    this.#paces[owner] = undefined;
  }

  /** @returns why it is refused; undefined: it is let in */
  judge(applicant: Applicant, now: number): Refusal | undefined {
    const { key, cseq, credentials, owner, isCall } = applicant;
    this.#busyness.look(now, this.#o.idle);
    const known = this.#recent.meet(key, cseq, credentials, now);
    if (known === "refused") return "again";
    const refusal = known === "admitted" ? undefined : this.#refusal(applicant, now);
    if (refusal === undefined) this.#recent.admit(key, cseq, owner, isCall, now);
    else this.#recent.refuse(key, cseq, now);
    return refusal;
  }

  /** Whether it matters what is sent in the dialog of this Call-ID. */
  waits(key: number, now: number): boolean {
    return this.#recent.waits(key, now);
  }

  /** A response to a call's INVITE went out. @returns milliseconds from the INVITE, where it is the first */
  answered(key: number, final: boolean, now: number): number | undefined {
    const first = this.#recent.answer(key, final, now);
    if (first === undefined) return undefined;
    this.#paceOf(first.owner).answer(now);
    return first.after;
  }

  /** A call that its owner never got. */
  lost(key: number, now: number): void {
    this.#recent.answer(key, true, now);
  }

  /** Lets go of calls that nobody answers any more. */
  sweep(now: number): void {
    this.#swept = now;
    this.#recent.sweep(now);
  }

  #refusal({ precedence, owner }: Applicant, now: number): Refusal | undefined {
    if (now - this.#swept > SWEEP) this.sweep(now);
    return this.#measured(precedence, owner, now) ?? this.#configured(precedence, now);
  }

  #measured(precedence: Applicant["precedence"], owner: number, now: number): Refusal | undefined {
    const { delay } = this.#o;
    if (delay === 0) return undefined;
    const busy = this.#busyness.busy(now);
    const wait = this.#paceOf(owner).wait(this.#recent.unanswered(owner), now) - TRYING;
    this.#throttle.look(busy, delay, now);
    if (precedence === "other") return this.#measuredForOthers(Math.max(busy, wait), busy > wait, now);
    if (wait > delay * PATIENCE[precedence]) return "owner";
    return this.#throttle.take(now, precedence !== "call") ? undefined : "busy";
  }

  #measuredForOthers(wait: number, busy: boolean, now: number): Refusal | undefined {
    const { delay } = this.#o;
    if (wait <= delay * PATIENCE.other && !this.#throttle.refuses(now)) return undefined;
    if (this.#leastOthers.take(now, false)) return undefined;
    this.#others = (this.#others + 1) % OTHERS;
    return this.#others === 0 && wait <= delay * OTHERS ? undefined : busy ? "busy" : "owner";
  }

  #configured(precedence: Applicant["precedence"], now: number): Refusal | undefined {
    if (precedence === "other") return (this.#requests?.take(now, false) ?? true) ? undefined : "rate";
    const first = precedence !== "call";
    const { setUps = Number.POSITIVE_INFINITY } = this.#share;
    // As with the rate, those that come first may have as much again.
    if (this.#recent.settingUp >= (first ? 2 : 1) * setUps) return "set-ups";
    return (this.#calls?.take(now, first) ?? true) ? undefined : "rate";
  }

  #paceOf(owner: number): Pace {
    let pace = this.#paces[owner];
    if (pace === undefined) {
      pace = new Pace();
      this.#paces[owner] = pace;
    }
    return pace;
  }
}

function changed(bucket: Bucket | undefined, rate: number | undefined, burst: number, now: number): Bucket | undefined {
  if (rate === undefined) return undefined;
  if (bucket === undefined) return new Bucket(rate, burst, now);
  bucket.change(rate, burst, now);
  return bucket;
}
