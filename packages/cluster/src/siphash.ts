import { latin1 } from "@sipmesh/environment";

/**
 * SipHash-2-4 (Aumasson, Bernstein: SipHash: a fast short-input PRF, 2012) in 32-bit halves. Text counts as one byte
 * for each character, as everywhere with SIP messages.
 */
export class SipHash {
  readonly #key: readonly [number, number, number, number];

  /** @param key 16 bytes */
  constructor(key: Uint8Array) {
    if (key.length !== 16) throw new RangeError(`a SipHash key has 16 bytes, not ${key.length}`);
    const view = new DataView(key.buffer, key.byteOffset, 16);
    const word = (at: number): number => view.getInt32(at, true);
    this.#key = [word(0), word(4), word(8), word(12)];
  }

  /** The hash in two halves of 32 bits: [low, high], signed. The same array is filled by each call. */
  hash64(text: string): Int32Array {
    const [k0l, k0h, k1l, k1h] = this.#key;
    return run(k0l, k0h, k1l, k1h, text, 0);
  }

  /** The variant with 128 bits: four halves, low ones first. The same array is filled by each call. */
  hash128(text: string): Int32Array {
    const [k0l, k0h, k1l, k1h] = this.#key;
    return run(k0l, k0h, k1l, k1h, text, 0xee);
  }
}

const result = new Int32Array(4);

/** The text as bytes, with room for the last block. One for all, because nothing runs in between. */
let bytes = Buffer.alloc(4096);
let words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);

/** The text as blocks of two words, the last one with the length in its last byte. @returns how many blocks */
function blocksOf(text: string): number {
  const { length } = text;
  const blocks = (length >>> 3) + 1;
  if (blocks * 8 > bytes.length) {
    bytes = Buffer.alloc(2 * blocks * 8);
    words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }
  words[2 * blocks - 2] = 0;
  words[2 * blocks - 1] = 0;
  latin1.encodeInto(text, bytes, 0);
  bytes[8 * blocks - 1] = length;
  return blocks;
}

/** `wide`: 0xee for 128 bits, 0 for 64. */
function run(k0l: number, k0h: number, k1l: number, k1h: number, text: string, wide: number): Int32Array {
  let a = k0l ^ 0x70736575;
  let A = k0h ^ 0x736f6d65;
  let b = k1l ^ 0x6e646f6d ^ wide;
  let B = k1h ^ 0x646f7261;
  let c = k0l ^ 0x6e657261;
  let C = k0h ^ 0x6c796765;
  let d = k1l ^ 0x79746573;
  let D = k1h ^ 0x74656462;
  const blocks = blocksOf(text);
  const last = wide === 0 ? blocks : blocks + 1;
  for (let step = 0; step <= last; step++) {
    let low = 0;
    let high = 0;
    let rounds = 2;
    if (step < blocks) {
      low = words[2 * step] as number;
      high = words[2 * step + 1] as number;
    } else {
      rounds = 4;
      if (step > blocks) b ^= 0xdd;
      else c ^= wide === 0 ? 0xff : 0xee;
    }
    d ^= low;
    D ^= high;
    for (; rounds > 0; rounds--) {
      let sum = (a + b) | 0;
      A = (A + B + (sum >>> 0 < a >>> 0 ? 1 : 0)) | 0;
      let x = ((b << 13) | (B >>> 19)) ^ sum;
      B = ((B << 13) | (b >>> 19)) ^ A;
      b = x;
      a = A;
      A = sum;
      sum = (c + d) | 0;
      C = (C + D + (sum >>> 0 < c >>> 0 ? 1 : 0)) | 0;
      c = sum;
      x = ((d << 16) | (D >>> 16)) ^ c;
      D = ((D << 16) | (d >>> 16)) ^ C;
      d = x;
      sum = (a + d) | 0;
      A = (A + D + (sum >>> 0 < a >>> 0 ? 1 : 0)) | 0;
      a = sum;
      x = ((d << 21) | (D >>> 11)) ^ a;
      D = ((D << 21) | (d >>> 11)) ^ A;
      d = x;
      sum = (c + b) | 0;
      C = (C + B + (sum >>> 0 < c >>> 0 ? 1 : 0)) | 0;
      x = ((b << 17) | (B >>> 15)) ^ sum;
      B = ((B << 17) | (b >>> 15)) ^ C;
      b = x;
      c = C;
      C = sum;
    }
    a ^= low;
    A ^= high;
    if (step === blocks) {
      result[0] = a ^ b ^ c ^ d;
      result[1] = A ^ B ^ C ^ D;
    } else if (step > blocks) {
      result[2] = a ^ b ^ c ^ d;
      result[3] = A ^ B ^ C ^ D;
    }
  }
  return result;
}
