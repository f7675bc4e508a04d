import type { Clock } from "@sipmesh/environment";
import type { Context } from "@sipmesh/runtime";
import { type NonceContent, NonceCounter, readNonce, sealNonce } from "@sipmesh/sip-core";

export interface NoncesOptions {
  /** The name of this member and incarnation: what its nonces say. */
  readonly self: string;
  readonly clock: Clock;
  readonly sealer: Context["sealer"];
  /** Milliseconds for which a nonce is good. */
  readonly lifetime: number;
  /** Nonces whose use is remembered at most. */
  readonly capacity: number;
}

export type NonceUse =
  | { readonly type: "good" }
  | { readonly type: "stale" }
  /** Only the member that made it knows. */
  | { readonly type: "made-elsewhere"; readonly maker: string };

/** The nonces that this member makes, and how often each was used. */
export class Nonces {
  readonly #options: NoncesOptions;
  readonly #counter: NonceCounter;
  #serial = 0;
  /** Every serial up to this one was made before `#markedAt`. */
  #mark = 0;
  #markedAt: number;

  constructor(options: NoncesOptions) {
    this.#options = options;
    this.#counter = new NonceCounter(options.capacity);
    this.#markedAt = options.clock.now();
  }

  get size(): number {
    return this.#counter.size;
  }

  make(realm: string): string {
    const { self, clock, sealer } = this.#options;
    const madeAt = clock.now();
    this.#forgetPast(madeAt);
    const content: NonceContent = { maker: self, madeAt, serial: ++this.#serial };
    return sealNonce(content, realm, sealer);
  }

  /** Notes a use. @param count the number that nc spells; undefined: no qop, good for once */
  use(nonce: string, realm: string, count: number | undefined): NonceUse {
    const { self, clock, lifetime, sealer } = this.#options;
    const finding = readNonce(nonce, realm, { self, now: clock.now(), lifetime }, sealer);
    if (finding.kind === "other") return { type: "made-elsewhere", maker: finding.maker };
    if (finding.kind === "stale") return { type: "stale" };
    return this.#counter.use(finding.content.serial, count) ? { type: "good" } : { type: "stale" };
  }

  /** Without a timer: whenever a lifetime has passed, what was made before it is past. */
  #forgetPast(now: number): void {
    if (now - this.#markedAt < this.#options.lifetime) return;
    this.#counter.expire(this.#mark);
    this.#mark = this.#serial;
    this.#markedAt = now;
  }
}
