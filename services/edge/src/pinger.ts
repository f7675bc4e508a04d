import type { Clock, Timer } from "@sipmesh/environment";
import type { Flow } from "@sipmesh/sip";
import { keyOf } from "./keys.ts";

/** The pings of one interval are spread over this many moments. */
const SLOTS = 32;

interface Pinged {
  flow: Flow;
  /** Milliseconds of the clock. */
  until: number;
}

/**
 * Keeps the UDP flows of registered phones open through address translators (RFC 5626 §3.5 has the phones do it; most do
 * not, or too rarely): a CRLFCRLF to each flow every few seconds, as long as its registration lasts.
 */
export class Pinger {
  readonly #clock: Clock;
  readonly #moment: number;
  readonly #limit: number;
  readonly #ping: (flow: Flow) => void;
  readonly #slots: Map<string, Pinged>[] = Array.from({ length: SLOTS }, () => new Map());
  readonly #slotOf = new Map<string, number>();
  #next = 0;
  #timer: Timer | undefined;

  /** @param interval milliseconds between two pings to one flow; @param limit flows at most */
  constructor(clock: Clock, interval: number, limit: number, ping: (flow: Flow) => void) {
    this.#clock = clock;
    this.#moment = interval / SLOTS;
    this.#limit = limit;
    this.#ping = ping;
  }

  /** Flows that are pinged. */
  get size(): number {
    return this.#slotOf.size;
  }

  /** Pings the flow from now on for so many seconds. False where too many are pinged already. */
  keep(flow: Flow, seconds: number): boolean {
    const key = `${keyOf(flow.local)} ${keyOf(flow.remote)}`;
    const until = this.#clock.now() + seconds * 1000;
    const known = this.#slotOf.get(key);
    if (known === undefined && this.#slotOf.size >= this.#limit) return false;
    // A new one goes where its turn comes last, so that it is not pinged right after its registration.
    const slot = known ?? (this.#next + SLOTS - 1) % SLOTS;
    this.#slotOf.set(key, slot);
    (this.#slots[slot] as Map<string, Pinged>).set(key, { flow, until });
    this.#timer ??= this.#clock.after(this.#moment, () => this.#turn());
    return true;
  }

  #turn(): void {
    const now = this.#clock.now();
    const slot = this.#slots[this.#next] as Map<string, Pinged>;
    this.#next = (this.#next + 1) % SLOTS;
    for (const [key, { flow, until }] of slot) {
      if (until > now) {
        this.#ping(flow);
      } else {
        slot.delete(key);
        this.#slotOf.delete(key);
      }
    }
    this.#timer = this.#slotOf.size === 0 ? undefined : this.#clock.after(this.#moment, () => this.#turn());
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
