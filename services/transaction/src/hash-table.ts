import { latin1 } from "@sipmesh/environment";

/** What lives in a `HashTable`: its key, and the next of those whose keys have the same hash. */
export interface Hashed {
  readonly key: string;
  /** The table's own. */
  hash: number;
  /** The table's own. */
  next: Hashed | undefined;
}

/**
 * Values by keys that are texts of a message and seldom asked for twice. A `Map` would first enter each such text into
 * the engine's table of unique strings, which costs more than all the rest of a look-up.
 */
export class HashTable<Value extends Hashed> {
  readonly #seed: number;
  readonly #chains = new Map<number, Value>();
  #size = 0;

  /** @param seed a number that strangers do not know, so that they cannot choose keys that fall together */
  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  get size(): number {
    return this.#size;
  }

  get(key: string): Value | undefined {
    let found = this.#chains.get(hashOf(key, this.#seed));
    while (found !== undefined && found.key !== key) found = found.next as Value | undefined;
    return found;
  }

  /** Its key must not be there yet. */
  add(value: Value): void {
    value.hash = hashOf(value.key, this.#seed);
    value.next = this.#chains.get(value.hash);
    this.#chains.set(value.hash, value);
    this.#size++;
  }

  /** @returns whether this very value was there */
  remove(value: Value): boolean {
    const first = this.#chains.get(value.hash);
    if (first === value) {
      if (value.next === undefined) this.#chains.delete(value.hash);
      else this.#chains.set(value.hash, value.next as Value);
    } else {
      let before = first;
      while (before !== undefined && before.next !== value) before = before.next as Value | undefined;
      if (before === undefined) return false;
      before.next = value.next;
    }
    value.next = undefined;
    this.#size--;
    return true;
  }

  *values(): Generator<Value> {
    for (const first of this.#chains.values()) {
      for (let value: Value | undefined = first; value !== undefined; value = value.next as Value | undefined)
        yield value;
    }
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
