import type { BusObserver, Closer, Envelope } from "./bus.ts";
import { Listeners } from "./listeners.ts";

/**
 * Hands envelopes to subscribers in this process: the very objects, in the order of publishing. It happens when the
 * code that publishes has returned, so that no subscriber is entered while it is at work.
 */
export class LocalDelivery {
  readonly #subscribers = new Map<string, Listeners<[Envelope]>>();
  readonly #observer: BusObserver | undefined;
  #waiting: [Listeners<[Envelope]>, Envelope][] = [];
  #delivering = false;

  constructor(observer?: BusObserver) {
    this.#observer = observer;
  }

  subscribe(subject: string, receive: (envelope: Envelope) => void): Closer {
    const known = this.#subscribers.get(subject);
    const listeners = known ?? new Listeners(this.#observer);
    if (known === undefined) this.#subscribers.set(subject, listeners);
    const entry = listeners.add(receive);
    return {
      close: () => {
        entry.close();
        if (listeners.size === 0 && this.#subscribers.get(subject) === listeners) this.#subscribers.delete(subject);
      },
    };
  }

  /** False where nobody here subscribes to the subject. */
  deliver(subject: string, envelope: Envelope): boolean {
    const listeners = this.#subscribers.get(subject);
    if (listeners === undefined) return false;
    this.#waiting.push([listeners, envelope]);
    if (!this.#delivering) {
      this.#delivering = true;
      queueMicrotask(() => this.#drain());
    }
    return true;
  }

  clear(): void {
    this.#subscribers.clear();
    this.#waiting.length = 0;
  }

  #drain(): void {
    for (let next = 0; next < this.#waiting.length; next++) {
      const [listeners, envelope] = this.#waiting[next] as [Listeners<[Envelope]>, Envelope];
      listeners.call(envelope);
    }
    this.#waiting.length = 0;
    this.#delivering = false;
  }
}
