/** Rounds of the cipher, two at a time. */
const DOUBLE_ROUNDS = 10;
/** "expand 32-byte k" */
const [C0, C1, C2, C3] = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;

const input = new Int32Array(16);
const state = new Int32Array(16);
const stream = new Uint8Array(state.buffer);

/**
 * Adds the key stream of ChaCha20 (RFC 8439 section 2.4) to `bytes`, in place: encrypts and decrypts. For contents of a
 * block or two: here a cipher of the system costs twenty times as much to set up as to run.
 *
 * @param key eight words
 * @param iv four words: the block counter to begin with, and the nonce
 */
export function chacha20(key: Int32Array, iv: Int32Array, bytes: Uint8Array): void {
  input[0] = C0;
  input[1] = C1;
  input[2] = C2;
  input[3] = C3;
  input.set(key, 4);
  input.set(iv, 12);
  for (let start = 0; start < bytes.length; start += 64) {
    block();
    const end = Math.min(start + 64, bytes.length);
    for (let at = start; at < end; at++) bytes[at] = (bytes[at] as number) ^ (stream[at - start] as number);
    input[12] = (input[12] as number) + 1;
  }
}

function block(): void {
  state.set(input);
  for (let round = 0; round < DOUBLE_ROUNDS; round++) {
    quarter(0, 4, 8, 12);
    quarter(1, 5, 9, 13);
    quarter(2, 6, 10, 14);
    quarter(3, 7, 11, 15);
    quarter(0, 5, 10, 15);
    quarter(1, 6, 11, 12);
    quarter(2, 7, 8, 13);
    quarter(3, 4, 9, 14);
  }
  for (let at = 0; at < 16; at++) state[at] = (state[at] as number) + (input[at] as number);
}

function quarter(i: number, j: number, k: number, l: number): void {
  let a = state[i] as number;
  let b = state[j] as number;
  let c = state[k] as number;
  let d = state[l] as number;
  a = (a + b) | 0;
  d ^= a;
  d = (d << 16) | (d >>> 16);
  c = (c + d) | 0;
  b ^= c;
  b = (b << 12) | (b >>> 20);
  a = (a + b) | 0;
  d ^= a;
  d = (d << 8) | (d >>> 24);
  c = (c + d) | 0;
  b ^= c;
  b = (b << 7) | (b >>> 25);
  state[i] = a;
  state[j] = b;
  state[k] = c;
  state[l] = d;
}
