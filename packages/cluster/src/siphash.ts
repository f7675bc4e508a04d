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
    run(k0l, k0h, k1l, k1h, text, 0, 0xff);
    result[0] = state[0] ^ state[2] ^ state[4] ^ state[6];
    result[1] = state[1] ^ state[3] ^ state[5] ^ state[7];
    return result;
  }

  /** The variant with 128 bits: four halves, low ones first. The same array is filled by each call. */
  hash128(text: string): Int32Array {
    const [k0l, k0h, k1l, k1h] = this.#key;
    run(k0l, k0h, k1l, k1h, text, 0xee, 0xee);
    result[0] = state[0] ^ state[2] ^ state[4] ^ state[6];
    result[1] = state[1] ^ state[3] ^ state[5] ^ state[7];
    state[2] ^= 0xdd;
    rounds(4);
    result[2] = state[0] ^ state[2] ^ state[4] ^ state[6];
    result[3] = state[1] ^ state[3] ^ state[5] ^ state[7];
    return result;
  }
}

type Words = [number, number, number, number, number, number, number, number];

/** v0 low, v0 high, v1 low, … : one set for all, because nothing runs in between. */
const state = new Int32Array(8) as unknown as Words;
const result = new Int32Array(4);

function run(k0l: number, k0h: number, k1l: number, k1h: number, text: string, start: number, end: number): void {
  state[0] = k0l ^ 0x70736575;
  state[1] = k0h ^ 0x736f6d65;
  state[2] = k1l ^ 0x6e646f6d ^ start;
  state[3] = k1h ^ 0x646f7261;
  state[4] = k0l ^ 0x6e657261;
  state[5] = k0h ^ 0x6c796765;
  state[6] = k1l ^ 0x79746573;
  state[7] = k1h ^ 0x74656462;
  const whole = text.length & ~7;
  for (let at = 0; at < whole; at += 8) block(word(text, at), word(text, at + 4));
  block(rest(text, whole, 0), rest(text, whole, 4) | (text.length << 24));
  state[4] ^= end;
  rounds(4);
}

function block(low: number, high: number): void {
  state[6] ^= low;
  state[7] ^= high;
  rounds(2);
  state[0] ^= low;
  state[1] ^= high;
}

function word(text: string, at: number): number {
  return (
    (text.charCodeAt(at) & 255) |
    ((text.charCodeAt(at + 1) & 255) << 8) |
    ((text.charCodeAt(at + 2) & 255) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
}

/** Up to four of the characters behind the last whole block; 0 where the text has ended. */
function rest(text: string, whole: number, from: number): number {
  let word = 0;
  for (let at = 3; at >= 0; at--) {
    const place = whole + from + at;
    word = (word << 8) | (place < text.length ? text.charCodeAt(place) & 255 : 0);
  }
  return word;
}

function rounds(count: number): void {
  let a = state[0];
  let A = state[1];
  let b = state[2];
  let B = state[3];
  let c = state[4];
  let C = state[5];
  let d = state[6];
  let D = state[7];
  for (let round = 0; round < count; round++) {
    let sum = (a >>> 0) + (b >>> 0);
    a = sum | 0;
    A = (A + B + (sum > 0xffffffff ? 1 : 0)) | 0;
    let low = (b << 13) | (B >>> 19);
    let high = (B << 13) | (b >>> 19);
    b = low ^ a;
    B = high ^ A;
    low = A;
    A = a;
    a = low;
    sum = (c >>> 0) + (d >>> 0);
    c = sum | 0;
    C = (C + D + (sum > 0xffffffff ? 1 : 0)) | 0;
    low = (d << 16) | (D >>> 16);
    high = (D << 16) | (d >>> 16);
    d = low ^ c;
    D = high ^ C;
    sum = (a >>> 0) + (d >>> 0);
    a = sum | 0;
    A = (A + D + (sum > 0xffffffff ? 1 : 0)) | 0;
    low = (d << 21) | (D >>> 11);
    high = (D << 21) | (d >>> 11);
    d = low ^ a;
    D = high ^ A;
    sum = (c >>> 0) + (b >>> 0);
    c = sum | 0;
    C = (C + B + (sum > 0xffffffff ? 1 : 0)) | 0;
    low = (b << 17) | (B >>> 15);
    high = (B << 17) | (b >>> 15);
    b = low ^ c;
    B = high ^ C;
    low = C;
    C = c;
    c = low;
  }
  state[0] = a;
  state[1] = A;
  state[2] = b;
  state[3] = B;
  state[4] = c;
  state[5] = C;
  state[6] = d;
  state[7] = D;
}
