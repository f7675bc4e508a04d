import { latin1 } from "@sipmesh/environment";

/** What lives in a `HashTable`: its key, and the next of those whose keys have the same hash. */
export interface Hashed {
  readonly key: string;
  /** The table's own. */
  hash: number;
  /** The table's own. */
  next: Hashed | undefined;
}

/** Chains to begin with; a power of two, as their number always is. */
const FIRST = 1024;

/**
 * Values by keys that are texts of a message and seldom asked for twice. A `Map` would first enter each such text into
 * the engine's table of unique strings, which costs more than all the rest of a look-up; one by hash has two places
 * more to read from memory, which with the transactions of half a minute is never in the cache.
 */
export class HashTable<Value extends Hashed> {
  readonly #seed: number;
  #chains: (Value | undefined)[] = new Array(FIRST).fill(undefined);
  #size = 0;

  /** @param seed a number that strangers do not know, so that they cannot choose keys that fall together */
  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  get size(): number {
    return this.#size;
  }

  get(key: string): Value | undefined {
    const hash = hashOf(key, this.#seed);
    let found = this.#chains[hash & (this.#chains.length - 1)];
    while (found !== undefined && (found.hash !== hash || found.key !== key)) found = found.next as Value | undefined;
    return found;
  }

  /** Its key must not be there yet. */
  add(value: Value): void {
    if (this.#size === this.#chains.length) this.#grow();
    value.hash = hashOf(value.key, this.#seed);
    this.#link(value);
    this.#size++;
  }

  /** @returns whether this very value was there */
  remove(value: Value): boolean {
    const chain = value.hash & (this.#chains.length - 1);
    let at = this.#chains[chain];
    if (at === value) {
      this.#chains[chain] = value.next as Value | undefined;
    } else {
      while (at !== undefined && at.next !== value) at = at.next as Value | undefined;
      if (at === undefined) return false;
      at.next = value.next;
    }
    value.next = undefined;
    this.#size--;
    return true;
  }

  /** Those that are there now, whatever is added and removed while they are looked at. */
  values(): readonly Value[] {
    const all: Value[] = [];
    for (const first of this.#chains) {
      for (let value = first; value !== undefined; value = value.next as Value | undefined) all.push(value);
    }
    return all;
  }

  #link(value: Value): void {
    const chain = value.hash & (this.#chains.length - 1);
    value.next = this.#chains[chain];
    this.#chains[chain] = value;
  }

  #grow(): void {
    const all = this.values();
    this.#chains = new Array(2 * this.#chains.length).fill(undefined);
    for (const value of all) this.#link(value);
  }
}

/** The key as bytes: reading a text of many pieces letter by letter costs far more. One for all. */
let bytes = Buffer.alloc(1024);
let words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);

/** 30 bits, which the engine keeps as a small integer. */
function hashOf(key: string, seed: number): number {
  const count = (key.length >>> 2) + 1;
  if (count > words.length) {
    bytes = Buffer.alloc(8 * count);
    words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }
  words[count - 1] = 0;
  latin1.encodeInto(key, bytes, 0);
  let hash = seed ^ key.length;
  for (let at = 0; at < count; at++) {
    hash = Math.imul(hash ^ (words[at] as number), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) & 0x3fff_ffff;
}
