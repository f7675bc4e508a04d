import type { Clock } from "@sipmesh/environment";
import type { EdgeConfig } from "./config.ts";
import { networkSet } from "./networks.ts";

/** What the screen says to a message of a source. */
export type Verdict = "pass" | "denied" | "rate";

interface Source {
  readonly denied: boolean;
  readonly trusted: boolean;
  /** Messages that it may still send at once (a token bucket). */
  tokens: number;
  filled: number;
}

/** Decides by its source address alone whether a message is looked at. */
export class Screen {
  readonly #config: EdgeConfig["screening"];
  readonly #clock: Clock;
  readonly #allowed: (address: string) => boolean;
  readonly #denied: (address: string) => boolean;
  readonly #trusted: (address: string) => boolean;
  /** In the order in which they were first seen. */
  readonly #sources = new Map<string, Source>();

  constructor(config: EdgeConfig["screening"], clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.#allowed = config.allow.length === 0 ? () => true : networkSet(config.allow);
    this.#denied = networkSet(config.deny);
    this.#trusted = networkSet(config.trusted);
  }

  /** Sources remembered. */
  get size(): number {
    return this.#sources.size;
  }

  /** Counts one message of this source and judges it. */
  message(address: string): Verdict {
    const source = this.#source(address);
    if (source.denied) return "denied";
    if (source.trusted) return "pass";
    const { rate, burst } = this.#config;
    const now = this.#clock.now();
    source.tokens = Math.min(burst, source.tokens + ((now - source.filled) * rate) / 1000);
    source.filled = now;
    if (source.tokens < 1) return "rate";
    source.tokens -= 1;
    return "pass";
  }

  denies(address: string): boolean {
    return this.#source(address).denied;
  }

  trusts(address: string): boolean {
    return this.#source(address).trusted;
  }

  #source(address: string): Source {
    const known = this.#sources.get(address);
    if (known !== undefined) return known;
    if (this.#sources.size >= this.#config.sources) {
      for (const oldest of this.#sources.keys()) {
        this.#sources.delete(oldest);
        break;
      }
    }
    const source: Source = {
      denied: this.#denied(address) || !this.#allowed(address),
      trusted: this.#trusted(address),
      tokens: this.#config.burst,
      filled: this.#clock.now(),
    };
    this.#sources.set(address, source);
    return source;
  }
}
