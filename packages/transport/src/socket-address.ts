import { type Address, ipBytes, ipText } from "@sipmesh/sip";

/** `AF_INET` and `AF_INET6` of Linux. */
export const INET = 2;
export const INET6 = 10;

/** Bytes of the system's `sockaddr_in` and `sockaddr_in6`. */
export const INET_SIZE = 16;
export const INET6_SIZE = 28;

/** 32-bit words that one address may take, of which the last is unused. */
export const WORDS = 8;

/** Peers that are remembered, a power of two; and IP literals. */
const MET = 4096;
const LITERALS = 4096;

const swap = (port: number) => ((port & 0xff) << 8) | (port >>> 8);

/** The words of an IP literal's address, as they lie in memory, and where they stand in the structure. */
interface Literal {
  readonly family: typeof INET | typeof INET6;
  readonly words: Uint32Array;
  /** The interface of a link-local address, 0 for others. */
  readonly scope: number;
}

/**
 * Reads and writes the system's socket addresses (`sockaddr_in`, `sockaddr_in6`; little-endian). It remembers the peers
 * that it met: most datagrams come from one of them, and go to one.
 */
export class SocketAddresses {
  readonly #literals = new Map<string, Literal>();
  readonly #met = new Array<{ readonly words: Uint32Array; readonly address: Address } | undefined>(MET);
  readonly #indexOf: (zone: string) => number;

  /** @param indexOf the number of a network interface by its name; 0: there is none */
  constructor(indexOf: (zone: string) => number) {
    this.#indexOf = indexOf;
  }

  /** Writes an address at a word of `into`; gives its size in bytes, or 0 where `address` is no IP literal of that family. */
  write(into: Uint32Array, at: number, family: number, address: string, port: number): number {
    const literal = this.#literal(address);
    if (literal?.family !== family) return 0;
    into[at] = family | (swap(port) << 16);
    if (family === INET) {
      into[at + 1] = literal.words[0] ?? 0;
      return INET_SIZE;
    }
    into[at + 1] = 0;
    into.set(literal.words, at + 2);
    into[at + 6] = literal.scope;
    return INET6_SIZE;
  }

  /** Reads the address at a word of `from`. */
  read(from: Uint32Array, at: number): Address {
    const six = ((from[at] ?? 0) & 0xffff) === INET6;
    const hash = six ? (from[at + 5] ?? 0) ^ (from[at + 4] ?? 0) : (from[at + 1] ?? 0);
    const slot = (Math.imul(hash ^ (from[at] ?? 0), 0x9e3779b1) >>> 20) & (MET - 1);
    const known = this.#met[slot];
    if (known !== undefined && same(known.words, from, at, six)) return known.address;
    const words = from.slice(at, at + WORDS);
    const address = { address: textOf(words, six), port: swap((words[0] ?? 0) >>> 16) };
    this.#met[slot] = { words, address };
    return address;
  }

  #literal(address: string): Literal | undefined {
    const known = this.#literals.get(address);
    if (known !== undefined) return known;
    const literal = parse(address, this.#indexOf);
    if (literal === undefined) return undefined;
    if (this.#literals.size >= LITERALS) this.#literals.clear();
    this.#literals.set(address, literal);
    return literal;
  }
}

function same(words: Uint32Array, from: Uint32Array, at: number, six: boolean): boolean {
  if (words[0] !== from[at]) return false;
  if (!six) return words[1] === from[at + 1];
  // The word between is the flow label, which is no part of who it is (RFC 3493 §3.3).
  for (let i = 2; i < 7; i++) if (words[i] !== from[at + i]) return false;
  return true;
}

function textOf(words: Uint32Array, six: boolean): string {
  const bytes = new Uint8Array(words.buffer, words.byteOffset);
  if (!six) return ipText(bytes.subarray(4, 8));
  const text = ipText(bytes.subarray(8, 24));
  return words[6] === 0 ? text : `${text}%${words[6]}`;
}

function parse(text: string, indexOf: (zone: string) => number): Literal | undefined {
  const percent = text.indexOf("%");
  const bytes = ipBytes(percent < 0 ? text : text.slice(0, percent));
  if (bytes === undefined) return undefined;
  const zone = percent < 0 ? undefined : text.slice(percent + 1);
  // An interface by its number, as `read` has it, or by its name, as people write it (RFC 4007 §11).
  const scope = zone === undefined ? 0 : /^\d+$/.test(zone) ? Number(zone) : indexOf(zone);
  if (zone !== undefined && (scope === 0 || bytes.length === 4)) return undefined;
  return { family: bytes.length === 4 ? INET : INET6, words: new Uint32Array(bytes.buffer), scope };
}
