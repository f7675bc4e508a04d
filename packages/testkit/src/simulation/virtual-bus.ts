import type { Bus, Closer, Envelope } from "@sipmesh/bus";
import type { VirtualClock } from "@sipmesh/environment/testing";
import type { SeededRandom } from "./seeded-random.ts";

interface Subscriber {
  readonly process: string;
  readonly subject: string;
  readonly receive: (envelope: Envelope) => void;
}

interface Listening {
  readonly process: string;
  readonly subject: string;
  readonly receive: (payload: Uint8Array) => void;
}

/** The broker between simulated processes: first in first out per subject and publisher, with delay, at most once. */
export class VirtualBroker {
  /** Milliseconds from one process to another: the least and the most. */
  delay: readonly [number, number] = [0.1, 3];
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #failed: (error: unknown) => void;
  readonly #subscribers = new Set<Subscriber>();
  readonly #listening = new Set<Listening>();
  /** Who is cut off: nothing comes to them, and nothing from them. */
  readonly #cut = new Set<string>();
  /** When the latest signal was sent that its sender has got back, by process. */
  readonly #gaveBack = new Map<string, number>();
  /** When the last message of a publisher on a subject arrives. */
  readonly #free = new Map<string, number>();

  constructor(clock: VirtualClock, random: SeededRandom, failed: (error: unknown) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#failed = failed;
  }

  /**
   * The bus as a process has it. A subscriber in the same process is reached without delay.
   *
   * @param take has the process attend to what comes: at once, or when it wakes
   */
  attach(process: string, take: (run: () => void) => void = (run) => run()): Bus {
    let closed = false;
    const cut = this.#cut;
    const silence = () => this.#clock.elapsed - (this.#gaveBack.get(process) ?? 0);
    this.#gaveBack.set(process, this.#clock.elapsed);
    return {
      publish: (subject, envelope) => {
        if (closed) return;
        for (const to of [...this.#subscribers].filter((one) => one.subject === subject)) {
          this.#pass(process, to.process, subject, () => {
            if (this.#subscribers.has(to)) to.receive(envelope);
          });
        }
      },
      subscribe: (subject, receive) =>
        add(this.#subscribers, { process, subject, receive: (envelope) => take(() => receive(envelope)) }),
      signal: (subject, payload) => {
        if (closed) return;
        this.#echo(process, take);
        for (const to of [...this.#listening].filter((one) => one.subject === subject)) {
          this.#pass(process, to.process, subject, () => {
            if (this.#listening.has(to)) to.receive(payload);
          });
        }
      },
      listen: (subject, receive) =>
        add(this.#listening, { process, subject, receive: (payload) => take(() => receive(payload)) }),
      onDrop: () => ({ close() {} }),
      get state() {
        return cut.has(process) ? "away" : "connected";
      },
      get silence() {
        return silence();
      },
      close: async () => {
        closed = true;
        this.detach(process);
      },
    };
  }

  /** Cuts a process off from all others, or joins it to them again. What is under way is lost. */
  cut(process: string, off: boolean): void {
    if (off) this.#cut.add(process);
    else this.#cut.delete(process);
  }

  /** The process is gone; nobody is told. */
  detach(process: string): void {
    for (const one of this.#subscribers) if (one.process === process) this.#subscribers.delete(one);
    for (const one of this.#listening) if (one.process === process) this.#listening.delete(one);
  }

  /** The broker gives a signal back to who sent it, too. */
  #echo(process: string, take: (run: () => void) => void): void {
    const sent = this.#clock.elapsed;
    this.#clock.after(this.#random.between(0.2, 6), () => {
      if (!this.#cut.has(process)) take(() => this.#gaveBack.set(process, sent));
    });
  }

  #pass(from: string, to: string, subject: string, run: () => void): void {
    const guarded = (): void => {
      if (from !== to && (this.#cut.has(from) || this.#cut.has(to))) return;
      try {
        run();
      } catch (error) {
        this.#failed(error);
      }
    };
    if (from === to) {
      queueMicrotask(guarded);
      return;
    }
    const queue = `${from} ${to} ${subject}`;
    const arrives = Math.max(this.#free.get(queue) ?? 0, this.#clock.elapsed + this.#random.between(...this.delay));
    this.#free.set(queue, arrives);
    this.#clock.after(arrives - this.#clock.elapsed, guarded);
  }
}

function add<T>(all: Set<T>, one: T): Closer {
  all.add(one);
  return { close: () => void all.delete(one) };
}
