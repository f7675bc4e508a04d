import type { Random } from "@sipmesh/environment";

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** FNV-1a of a text, so that seeds can be numbers with a purpose. */
function mixed(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Randomness that is the same for the same seed (sfc32 of PractRand). For nothing that must be secret. */
export class SeededRandom implements Random {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string) {
    this.#seed = seed;
    this.#a = mixed(`${seed}/a`);
    this.#b = mixed(`${seed}/b`);
    this.#c = mixed(`${seed}/c`);
    for (let i = 0; i < 12; i++) this.#word();
  }

  /** Another source: what is drawn from one changes nothing in the other. */
  fork(purpose: string): SeededRandom {
    return new SeededRandom(`${this.#seed}/${purpose}`);
  }

  #word(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** From 0 up to but not including 1. */
  fraction(): number {
    return this.#word() / 0x1_0000_0000;
  }

  integer(below: number): number {
    return Math.floor(this.fraction() * below);
  }

  /** A number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.fraction() * (most - least);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(of: readonly T[]): T {
    return of[this.integer(of.length)] as T;
  }

  bytes(n: number): Uint8Array {
    return Uint8Array.from({ length: n }, () => this.integer(256));
  }

  token(characters: number): string {
    let text = "";
    for (let i = 0; i < characters; i++) text += LETTERS[this.integer(36)];
    return text;
  }
}
