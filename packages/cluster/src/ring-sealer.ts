import { latin1 } from "@sipmesh/environment";
import { chacha20 } from "./chacha20.ts";
import { derive, type Ring, type RingKey } from "./keys.ts";
import type { Sealer } from "./sealer.ts";
import { SipHash } from "./siphash.ts";

/** Octets of the mark that authenticates a content and is its initialisation vector. */
const MARK = 16;
/** Key id and mark. */
const OVERHEAD = 1 + MARK;
/** No token of ours is longer; a stranger's is not decoded. */
const LONGEST_TOKEN = 1024;
const BASE_32 = Uint8Array.from("abcdefghijklmnopqrstuvwxyz234567", (letter) => letter.charCodeAt(0));

/** A token being opened, and the mark that it tells. One for all, because nothing runs in between. */
const scratch = Buffer.alloc(LONGEST_TOKEN);
const told = new Int32Array(4);

interface SealingKey {
  readonly id: number;
  readonly from: number;
  readonly cipher: Int32Array;
  readonly mark: SipHash;
}

/**
 * Seals with the latest key of a ring that is in force, opens with any. Deterministic authenticated encryption by a
 * synthetic initialisation vector (Rogaway, Shrimpton: A provable-security treatment of the key-wrap problem, 2006; as
 * in RFC 5297): a keyed hash of content and binding authenticates both, and is what the stream cipher starts from.
 */
export class RingSealer implements Sealer {
  readonly #now: () => number;
  readonly #mark: SipHash;
  readonly #trace: SipHash;
  #keys: readonly SealingKey[] = [];

  /** @param now milliseconds since the epoch */
  constructor(ring: Ring, now: () => number) {
    const first = ring[0];
    if (first === undefined) throw new RangeError("a key ring has one key at least");
    this.#now = now;
    this.#mark = new SipHash(derive(first, "mark", 16));
    this.#trace = new SipHash(derive(first, "trace", 16));
    this.use(ring);
  }

  /** Takes a ring that has the same first key and more or fewer of the others. */
  use(ring: Ring): void {
    this.#keys = ring.map(sealingKey);
  }

  seal(content: Uint8Array, bound: string): string {
    const key = this.#sealingKey();
    const mark = markOf(key, content, bound);
    const sealed = Buffer.allocUnsafe(OVERHEAD + content.length);
    sealed[0] = key.id;
    for (let at = 0; at < 4; at++) sealed.writeInt32LE(mark[at] as number, 1 + 4 * at);
    sealed.set(content, OVERHEAD);
    chacha20(key.cipher, mark, sealed.subarray(OVERHEAD));
    return sealed.toString("base64url");
  }

  open(token: string, bound: string): Uint8Array | undefined {
    if (token.length > LONGEST_TOKEN) return undefined;
    const length = scratch.write(token, 0, "base64url");
    // Node.js reads over what is no base64url: one token must not have two spellings.
    if (length < OVERHEAD || scratch.toString("base64url", 0, length) !== token) return undefined;
    const key = this.#keys.find(({ id }) => id === scratch[0]);
    if (key === undefined) return undefined;
    for (let at = 0; at < 4; at++) told[at] = scratch.readInt32LE(1 + 4 * at);
    const content = new Uint8Array(length - OVERHEAD);
    for (let at = 0; at < content.length; at++) content[at] = scratch[OVERHEAD + at] as number;
    chacha20(key.cipher, told, content);
    const mark = markOf(key, content, bound);
    let difference = 0;
    for (let at = 0; at < 4; at++) difference |= (mark[at] as number) ^ (told[at] as number);
    // Forged, altered, or bound to something else.
    return difference === 0 ? content : undefined;
  }

  mark(text: string): string {
    const hash = this.#mark.hash64(text);
    const low = hash[0] as number;
    const high = hash[1] as number;
    return String.fromCharCode(
      letter(low),
      letter(low >>> 5),
      letter(low >>> 10),
      letter(low >>> 15),
      letter(low >>> 20),
      letter(low >>> 25),
      letter((low >>> 30) | (high << 2)),
      letter(high >>> 3),
      letter(high >>> 8),
      letter(high >>> 13),
      letter(high >>> 18),
      letter(high >>> 23),
      letter(high >>> 28),
    );
  }

  traceId(text: string): string {
    const words = this.#trace.hash128(text);
    return `${hexadecimal(words[0] as number)}${hexadecimal(words[1] as number)}${hexadecimal(words[2] as number)}${hexadecimal(words[3] as number)}`;
  }

  #sealingKey(): SealingKey {
    const now = this.#now();
    return this.#keys.findLast(({ from }) => from <= now) ?? (this.#keys[0] as SealingKey);
  }
}

function sealingKey(key: RingKey): SealingKey {
  return {
    id: key.id,
    from: key.from,
    cipher: new Int32Array(derive(key, "seal", 32).buffer),
    mark: new SipHash(derive(key, "nonce", 16)),
  };
}

function markOf(key: SealingKey, content: Uint8Array, bound: string): Int32Array {
  const text = latin1.decode(content, 0, content.length);
  return key.mark.hash128(`${text.length} ${text}${bound}`);
}

/** Of each octet its two digits: made for every request, and `toString` with padding costs six times as much. */
const OCTETS = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));

/** 32 bits as eight digits. */
function hexadecimal(word: number): string {
  return `${OCTETS[word >>> 24]}${OCTETS[(word >>> 16) & 255]}${OCTETS[(word >>> 8) & 255]}${OCTETS[word & 255]}`;
}

function letter(bits: number): number {
  return BASE_32[bits & 31] as number;
}
