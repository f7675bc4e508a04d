import type { Clock, Timer } from "@sipmesh/environment";
import type { Inbound, Outbound } from "./bus.ts";

/** An envelope that is sent again until its receiver says that what it led to is safe. */
export type Confirmed = Inbound | Outbound;

/** Milliseconds until an envelope is sent again first; doubled each time, and no longer than LONGEST. */
const FIRST = 1000;
const LONGEST = 4000;
/** Milliseconds after which it is given up: 64·T1, as long as anybody waits for an answer. */
const LIFE = 32_000;
const LOOK = 250;
/** Numbers begin anew after it: by then nothing of that number is kept. */
const LARGEST = 0x3fff_ffff;

export interface UnconfirmedOptions {
  readonly clock: Clock;
  /** Where confirmations come. */
  readonly to: string;
  readonly publish: (subject: string, envelope: Confirmed) => void;
  /**
   * Where an envelope belongs now, and what it says of that: a request names the list of owners by which it was addressed.
   * Undefined: nowhere else than where it was sent.
   */
  readonly addressed: (envelope: Confirmed) => Addressed | undefined;
  /** Envelopes that are kept at most; one beyond it is sent once. */
  readonly limit: number;
  /** One was given up, or could not be kept. */
  readonly lost: () => void;
}

/** An envelope and where it goes. */
export interface Addressed {
  readonly subject: string;
  readonly envelope: Confirmed;
}

interface Kept {
  readonly topic: string;
  readonly until: number;
  envelope: Confirmed;
  subject: string;
  interval: number;
  next: number;
}

/**
 * What came over a transport that delivers or fails by itself (TCP, TLS, WebSockets), or is to leave over one: nobody
 * beyond the platform repeats it, and the bus may lose it with the process or the server that had it. So it is kept, and
 * sent again to whom it belongs by then.
 */
export class Unconfirmed {
  readonly #o: UnconfirmedOptions;
  readonly #kept = new Map<number, Kept>();
  /** The number of the latest that is kept, by what it is about. */
  readonly #latest = new Map<string, number>();
  #number = 0;
  #look: Timer | undefined;

  constructor(options: UnconfirmedOptions) {
    this.#o = options;
  }

  get size(): number {
    return this.#kept.size;
  }

  /**
   * Sends an envelope, and again until it is confirmed.
   *
   * @param topic what it is about: it takes the place of an earlier one about the same, which is not sent again behind
   *   it. Absent: it is about itself alone
   */
  send(subject: string, envelope: Confirmed, topic = ""): void {
    const { clock, to, publish, limit, lost } = this.#o;
    this.#forget(this.#latest.get(topic));
    if (this.#kept.size >= limit) {
      lost();
      publish(subject, envelope);
      return;
    }
    this.#number = (this.#number + 1) & LARGEST;
    const numbered = { ...envelope, confirm: { to, number: this.#number } };
    const now = clock.now();
    const kept = { envelope: numbered, topic, subject, until: now + LIFE, interval: FIRST, next: now + FIRST };
    this.#kept.set(this.#number, kept);
    if (topic !== "") this.#latest.set(topic, this.#number);
    publish(subject, numbered);
    this.#look ??= clock.after(LOOK, () => this.#lookAgain());
  }

  confirmed(numbers: readonly number[]): void {
    for (const number of numbers) this.#forget(number);
  }

  /** Whom envelopes belong to may have changed: what belongs to somebody else now is sent there. */
  readdress(): void {
    for (const kept of this.#kept.values()) {
      const now = this.#o.addressed(kept.envelope);
      if (now !== undefined && now.subject !== kept.subject) this.#again(kept, now);
    }
  }

  stop(): void {
    this.#look?.cancel();
    this.#kept.clear();
    this.#latest.clear();
  }

  #forget(number: number | undefined): void {
    const kept = number === undefined ? undefined : this.#kept.get(number);
    if (number === undefined || kept === undefined) return;
    this.#kept.delete(number);
    if (this.#latest.get(kept.topic) === number) this.#latest.delete(kept.topic);
  }

  #again(kept: Kept, { subject, envelope }: Addressed): void {
    kept.subject = subject;
    kept.envelope = envelope;
    this.#o.publish(subject, envelope);
  }

  #lookAgain(): void {
    const { clock, addressed, lost } = this.#o;
    const now = clock.now();
    for (const [number, kept] of this.#kept) {
      if (kept.until <= now) {
        this.#forget(number);
        lost();
      } else if (kept.next <= now) {
        kept.interval = Math.min(2 * kept.interval, LONGEST);
        kept.next = now + kept.interval;
        this.#again(kept, addressed(kept.envelope) ?? kept);
      }
    }
    this.#look = this.#kept.size === 0 ? undefined : clock.after(LOOK, () => this.#lookAgain());
  }
}
