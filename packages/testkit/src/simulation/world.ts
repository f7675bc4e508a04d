import { VirtualClock } from "@sipmesh/environment/testing";
import { SeededRandom } from "./seeded-random.ts";
import { VirtualInternet } from "./virtual-internet.ts";

/** Time, chance and network of one simulation. The same seed gives the same run. */
export class World {
  readonly seed: number;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly internet: VirtualInternet;
  /** What was thrown where nobody caught it. */
  readonly errors: unknown[] = [];

  constructor(seed: number) {
    this.seed = seed;
    this.clock = new VirtualClock((error) => this.errors.push(error));
    this.random = new SeededRandom(String(seed));
    this.internet = new VirtualInternet(this.clock, this.random.fork("internet"));
  }

  /** Lets everything happen that follows from what happened, before the next timer runs. */
  settle(): Promise<void> {
    // Promises and `process.nextTick` are through when the event loop has come around.
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets `milliseconds` pass, or the time until `enough`. */
  async pass(milliseconds: number, enough: () => boolean = () => false): Promise<void> {
    const end = this.clock.elapsed + milliseconds;
    await this.settle();
    for (let next = this.clock.next; next !== undefined && next <= end && !enough(); next = this.clock.next) {
      this.clock.step();
      await this.settle();
    }
    if (!enough()) this.clock.advanceTo(end);
  }

  /** Waits for a promise while time passes; fails when it takes longer than `milliseconds`. */
  async expect<T>(what: string, promise: Promise<T>, milliseconds = 60_000): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => {
      settled = true;
    });
    watched.catch(() => {});
    await this.pass(milliseconds, () => settled);
    if (!settled) throw new Error(`${what} did not come within ${milliseconds} ms of virtual time`);
    return watched;
  }
}
