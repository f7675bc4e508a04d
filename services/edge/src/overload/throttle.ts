import { Bucket } from "./bucket.ts";

/** Milliseconds between two changes of the rate, and how long its bucket takes to fill, in seconds. */
const STEP = 100;
const BURST = 0.1;
/** What is left of the rate at each step of too much work, and what it grows by at each step without. */
const LESS = 0.5;
const MORE = 1.1;
/** Of what a busy time has shown to be possible, so much is let in after it. */
const PROVEN = 0.9;
/**
 * Requests a second that are let in however busy the edge is, and as many at once: after seconds without a processor those of
 * a small site come in a crowd, and so few are not what is too much.
 */
export const LEAST = 20;
/** A rate of which so small a part is used limits nobody, and is forgotten once it has for so many milliseconds. */
const AMPLE = 4;
const CALM = 10_000;
/** Milliseconds for which a refused call keeps those behind it that come after calls. */
const LATELY = 1000;

/**
 * So many calls a second as the edge has shown that it can carry: halved while it works without a pause for too long,
 * set by what it worked off once it has one, and growing from there until it limits nobody.
 */
export class Throttle {
  #bucket: Bucket | undefined;
  #stepped: number;
  /** Calls let in since the last step, and since the edge has had its last pause. */
  #inStep = 0;
  #inBusyTime = 0;
  #busyTime = 0;
  /** When there was too much work last, and when a call was refused. */
  #tooMuch = 0;
  #refused = Number.NEGATIVE_INFINITY;

  constructor(now: number) {
    this.#stepped = now;
  }

  /** Whether calls were refused lately: who comes after them waits until there is room for all of them. */
  refuses(now: number): boolean {
    return now - this.#refused < LATELY;
  }

  /** @param busy milliseconds without a pause; @param delay how many of them are too many */
  look(busy: number, delay: number, now: number): void {
    if (busy === 0) this.#rest(delay, now);
    this.#busyTime = busy;
    const passed = now - this.#stepped;
    if (passed < STEP) return;
    const rate = (this.#inStep * 1000) / passed;
    this.#stepped = now;
    this.#inStep = 0;
    if (busy > delay) {
      this.#tooMuch = now;
      this.#set(Math.max(LEAST, LESS * Math.min(this.#bucket?.perSecond ?? rate, rate)), now);
    } else if (this.#bucket !== undefined && busy === 0) {
      this.#grow(rate, passed, now);
    }
  }

  /** False where the call is one too many. `first`: it has precedence. */
  take(now: number, first: boolean): boolean {
    if (this.#bucket !== undefined && !this.#bucket.take(now, first)) {
      this.#refused = now;
      return false;
    }
    this.#inStep += 1;
    this.#inBusyTime += 1;
    return true;
  }

  /** There is a pause: what was let in since the last one is worked off. */
  #rest(delay: number, now: number): void {
    if (this.#busyTime > delay && this.#bucket !== undefined) {
      const proven = (PROVEN * this.#inBusyTime * 1000) / this.#busyTime;
      if (proven > this.#bucket.perSecond) this.#set(proven, now);
      // It grows from here, a step from now on.
      this.#stepped = now;
      this.#inStep = 0;
    }
    this.#inBusyTime = 0;
  }

  #grow(rate: number, passed: number, now: number): void {
    const { perSecond } = this.#bucket as Bucket;
    if (now - this.#tooMuch > CALM && perSecond > rate * AMPLE) this.#bucket = undefined;
    else this.#set(perSecond * MORE ** Math.min(passed / STEP, 10), now);
  }

  #set(rate: number, now: number): void {
    if (this.#bucket === undefined) this.#bucket = new Bucket(rate, BURST, now, LEAST);
    else this.#bucket.change(rate, BURST, now);
  }
}
