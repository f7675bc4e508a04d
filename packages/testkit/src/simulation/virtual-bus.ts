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
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #failed: (error: unknown) => void;
  readonly #subscribers = new Set<Subscriber>();
  readonly #listening = new Set<Listening>();
  /** Who is cut off: nothing comes to them, and nothing from them. */
  readonly #cut = new Set<string>();
  /** When the last message of a publisher on a subject arrives. */
  readonly #free = new Map<string, number>();

  constructor(clock: VirtualClock, random: SeededRandom, failed: (error: unknown) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#failed = failed;
  }

  /** The bus as a process has it. A subscriber in the same process is reached without delay. */
  attach(process: string): Bus {
    let closed = false;
    const cut = this.#cut;
    return {
      publish: (subject, envelope) => {
        if (closed) return;
        for (const to of [...this.#subscribers].filter((one) => one.subject === subject)) {
          this.#pass(process, to.process, subject, () => {
            if (this.#subscribers.has(to)) to.receive(envelope);
          });
        }
      },
      subscribe: (subject, receive) => add(this.#subscribers, { process, subject, receive }),
      signal: (subject, payload) => {
        if (closed) return;
        for (const to of [...this.#listening].filter((one) => one.subject === subject)) {
          this.#pass(process, to.process, subject, () => {
            if (this.#listening.has(to)) to.receive(payload);
          });
        }
      },
      listen: (subject, receive) => add(this.#listening, { process, subject, receive }),
      onDrop: () => ({ close() {} }),
      get state() {
        return cut.has(process) ? "away" : "connected";
      },
      silence: 0,
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
    const arrives = Math.max(this.#free.get(queue) ?? 0, this.#clock.elapsed + this.#random.between(0.1, 3));
    this.#free.set(queue, arrives);
    this.#clock.after(arrives - this.#clock.elapsed, guarded);
  }
}

function add<T>(all: Set<T>, one: T): Closer {
  all.add(one);
  return { close: () => void all.delete(one) };
}
