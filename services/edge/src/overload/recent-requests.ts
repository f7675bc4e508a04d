/** Milliseconds that a request may come again in, or its answer be on its way: 64·T1 (RFC 3261 §17.1). */
const REPEATS = 32_000;
/**
 * Milliseconds that a call may be set up in once it has a response: longer than Timer C, which is above three minutes
 * (§16.6 step 11). Without any its caller gives up after 64·T1 (§17.1.1.2, Timer B).
 */
const SETTING_UP = 240_000;
/** Milliseconds within which a request comes again with the credentials that it was asked for. */
const CHALLENGED = 10_000;
/** Copies of one request: UDP makes eleven at most. Who sends more is counted as new. */
const COPIES = 24;
/** Places where a key may lie. */
const WAYS = 8;

/** What became of a request so far. `unanswered`, `ringing`: a call being set up. */
const EMPTY = 0;
const REFUSED = 1;
const UNANSWERED = 2;
const RINGING = 3;
const OVER = 4;

/** What a request is to those that came before it. */
export type Acquaintance = "new" | "refused" | "admitted";

/**
 * The requests of the last 64·T1 that this edge let in or refused, by a keyed hash of their Call-ID, and of calls
 * whether they are still being set up. Numbers in arrays of fixed size: nothing is allocated for a message, and the oldest
 * make room. Times are milliseconds of the clock.
 */
export class RecentRequests {
  readonly #mask: number;
  readonly #keys: Int32Array;
  readonly #cseqs: Uint32Array;
  readonly #since: Float64Array;
  readonly #states: Uint8Array;
  readonly #copies: Uint8Array;
  /** By whose number it is owned; the numbers are the caller's. */
  readonly #owners: Uint8Array;
  readonly #unanswered = new Int32Array(256);
  #settingUp = 0;

  /** @param size requests that can be remembered; rounded up to a power of two */
  constructor(size: number) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(size, WAYS)));
    this.#mask = slots / WAYS - 1;
    this.#keys = new Int32Array(slots);
    this.#cseqs = new Uint32Array(slots);
    this.#since = new Float64Array(slots);
    this.#states = new Uint8Array(slots);
    this.#copies = new Uint8Array(slots);
    this.#owners = new Uint8Array(slots);
  }

  /** Calls that were let in and have no final response yet. */
  get settingUp(): number {
    return this.#settingUp;
  }

  /** Whether a call that came before then is still being set up. */
  isSettingUp(before: number): boolean {
    if (this.#settingUp === 0) return false;
    const { length } = this.#states;
    for (let at = 0; at < length; at += 1) if (this.#isCall(at) && (this.#since[at] as number) < before) return true;
    return false;
  }

  /** Calls that were sent to this owner and have no response at all yet. */
  unanswered(owner: number): number {
    return this.#unanswered[owner] as number;
  }

  /**
   * What this request is. A copy of one that was let in is let in, and so is the same one again with the credentials that
   * it was asked for; a copy of one that was refused is refused: nobody gets two different final responses.
   * @param credentials whether it brings any
   */
  meet(key: number, cseq: number, credentials: boolean, now: number): Acquaintance {
    const at = this.#find(key, now);
    if (at < 0) return "new";
    if (this.#states[at] === REFUSED) return this.#cseqs[at] === cseq ? "refused" : "new";
    if (this.#copies[at] === COPIES) return "new";
    this.#copies[at] = (this.#copies[at] as number) + 1;
    if (this.#cseqs[at] === cseq) return "admitted";
    const follows = this.#states[at] === OVER && cseq - (this.#cseqs[at] as number) === 1;
    return follows && credentials && now - (this.#since[at] as number) < CHALLENGED ? "admitted" : "new";
  }

  /** It is let in. `call`: it is to be followed until its final response. */
  admit(key: number, cseq: number, owner: number, call: boolean, now: number): void {
    const at = this.#find(key, now);
    // A copy: what is known of the first one holds.
    if (at >= 0 && this.#cseqs[at] === cseq && this.#states[at] !== REFUSED) return;
    const copies = at >= 0 && this.#states[at] === OVER ? (this.#copies[at] as number) : 0;
    const place = this.#place(key, at, cseq, now);
    this.#copies[place] = copies % COPIES;
    this.#owners[place] = owner;
    this.#states[place] = call ? UNANSWERED : OVER;
    if (!call) return;
    this.#settingUp += 1;
    this.#count(owner, 1);
  }

  refuse(key: number, cseq: number, now: number): void {
    const at = this.#find(key, now);
    // Another request of a call that is being set up is no reason to forget that.
    if (at >= 0 && this.#states[at] !== REFUSED) return;
    this.#states[this.#place(key, at, cseq, now)] = REFUSED;
  }

  /** Whether a response to such a request would tell something: its call waits for one. */
  waits(key: number, now: number): boolean {
    const at = this.#find(key, now);
    return at >= 0 && this.#isCall(at);
  }

  /** A response went out. @returns milliseconds since the call came, and its owner, where this was the first one */
  answer(key: number, final: boolean, now: number): { readonly after: number; readonly owner: number } | undefined {
    const at = this.#find(key, now);
    if (at < 0) return undefined;
    if (!this.#isCall(at)) return undefined;
    const state = this.#states[at];
    const after = now - (this.#since[at] as number);
    const owner = this.#owners[at] as number;
    if (state === UNANSWERED) this.#count(owner, -1);
    this.#states[at] = RINGING;
    if (final) {
      this.#settingUp -= 1;
      this.#states[at] = OVER;
      this.#since[at] = now;
    }
    return state === UNANSWERED ? { after, owner } : undefined;
  }

  /** Lets go of calls that nobody will answer any more. To be called now and then. */
  sweep(now: number): void {
    if (this.#settingUp === 0) return;
    const { length } = this.#states;
    for (let at = 0; at < length; at += 1) if (this.#isCall(at) && this.#isOld(at, now)) this.#forget(at);
  }

  /** Whether a call lies there that is being set up. */
  #isCall(at: number): boolean {
    const state = this.#states[at];
    return state === UNANSWERED || state === RINGING;
  }

  #find(key: number, now: number): number {
    const first = (key & this.#mask) * WAYS;
    for (let at = first; at < first + WAYS; at += 1) {
      if (this.#keys[at] === key && this.#states[at] !== EMPTY) {
        if (!this.#isOld(at, now)) return at;
        this.#forget(at);
        return -1;
      }
    }
    return -1;
  }

  #isOld(at: number, now: number): boolean {
    const life = this.#states[at] === RINGING ? SETTING_UP : REPEATS;
    return now - (this.#since[at] as number) > life;
  }

  /** Where the key goes: where it is, where nothing is, else where the oldest is. */
  #place(key: number, known: number, cseq: number, now: number): number {
    const at = known < 0 ? this.#room(key) : known;
    this.#forget(at);
    this.#keys[at] = key;
    this.#cseqs[at] = cseq;
    this.#since[at] = now;
    this.#copies[at] = 0;
    return at;
  }

  #room(key: number): number {
    const first = (key & this.#mask) * WAYS;
    let oldest = first;
    for (let at = first; at < first + WAYS; at += 1) {
      if (this.#states[at] === EMPTY) return at;
      if ((this.#since[at] as number) < (this.#since[oldest] as number)) oldest = at;
    }
    return oldest;
  }

  #forget(at: number): void {
    if (this.#states[at] === UNANSWERED) this.#count(this.#owners[at] as number, -1);
    if (this.#isCall(at)) this.#settingUp -= 1;
    this.#states[at] = EMPTY;
  }

  #count(owner: number, by: 1 | -1): void {
    this.#unanswered[owner] = (this.#unanswered[owner] as number) + by;
  }
}
