import { randomFillSync } from "node:crypto";

/** Randomness as it is handed to whoever needs it: of the system in a process, seeded in a simulation. */
export interface Random {
  /** `n` random bytes of their own memory. */
  bytes(n: number): Uint8Array;
  /** A whole number from 0 to `below` - 1, each as likely; `below` from 1 to 2^32. */
  integer(below: number): number;
  /** Text of [a-z0-9], 5.17 bits each. */
  token(characters: number): string;
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const POOL = 8192;

/** Randomness fit for secrets, from the system's generator; fetched in blocks, because each fetch costs more than its bytes. */
export function systemRandom(): Random {
  const pool = Buffer.alloc(POOL);
  let used = POOL;

  function take(n: number): number {
    if (used + n > POOL) {
      randomFillSync(pool);
      used = 0;
    }
    used += n;
    return used - n;
  }

  return {
    bytes(n) {
      if (n > POOL) return randomFillSync(new Uint8Array(n));
      const at = take(n);
      return new Uint8Array(pool.subarray(at, at + n));
    },
    integer(below) {
      if (!(Number.isInteger(below) && below >= 1 && below <= 0x1_0000_0000)) {
        throw new RangeError(`random integer below ${below}: expected a whole number from 1 to 2^32`);
      }
      // What lies above the last multiple would make the low numbers likelier.
      const fair = 0x1_0000_0000 - (0x1_0000_0000 % below);
      for (;;) {
        const drawn = pool.readUInt32LE(take(4));
        if (drawn < fair) return drawn % below;
      }
    },
    token(characters) {
      let text = "";
      while (text.length < characters) {
        const drawn = pool[take(1)] as number;
        if (drawn < 252) text += LETTERS[drawn % 36];
      }
      return text;
    },
  };
}
