import { lowerToken } from "./characters.ts";
import type { CSeq } from "./cseq.ts";
import type { NameAddress } from "./name-address.ts";
import { noParameters, Parameters } from "./parameters.ts";
import type { Via } from "./via.ts";

/**
 * Readers of values that are written as nearly all are: `SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK7`,
 * `"Alice" <sip:alice@example.com>;tag=1`. They look at each byte once, in the bytes rather than in the text (a third of
 * the cost), and take only what the thorough readers would read to the same values. Undefined or -1 says nothing: the
 * thorough reader decides.
 *
 * Positions are those of the bytes; `head` is the text that begins at `origin` in them.
 */
export interface Lines {
  readonly head: string;
  readonly bytes: Uint8Array;
  readonly origin: number;
}

const SPACE = 32;
const QUOTE = 34;
const COLON = 58;
const SEMICOLON = 59;
const OPEN = 60;
const EQUALS = 61;
const CLOSE = 62;
const AT = 64;
const BRACKET = 91;
const BACKSLASH = 92;

const codes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

const startsWith = (bytes: Uint8Array, at: number, word: Uint8Array): boolean => {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word[i]) return false;
  return true;
};

const cut = (lines: Lines, start: number, end: number): string =>
  lines.head.slice(start - lines.origin, end - lines.origin);

/** Bits: where a character may stand in what is plain. */
const inHost = 1;
const inUser = 2;
const inUriParameter = 4;
const inName = 8;
const inValue = 16;
const inDisplayName = 32;
const inTransport = 64;

const classes = new Uint8Array(256);
const add = (characters: string, bits: number): void => {
  for (const code of codes(characters)) classes[code] = (classes[code] as number) | bits;
};
const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const lowerAndDigits = "abcdefghijklmnopqrstuvwxyz0123456789";
add(`${lowerAndDigits}-._`, inHost | inUser | inUriParameter | inValue | inDisplayName);
add(upper, inUser | inUriParameter | inValue | inDisplayName | inTransport);
add("+*~!'", inUser | inUriParameter | inValue | inDisplayName);
add("=", inUriParameter | inValue);
add("/:?@[]%&$#()|{}^`", inValue);
add(" ", inDisplayName);
for (let c = 1; c < 256; c++) if (lowerToken[c] === c) classes[c] = (classes[c] as number) | inName;

/** The position after the characters of that class from `at` on. */
const skip = (bytes: Uint8Array, at: number, end: number, bit: number): number => {
  let i = at;
  while (i < end && ((classes[bytes[i] as number] as number) & bit) !== 0) i++;
  return i;
};

/** The number that the digits from `at` to `end` spell; -1: none, other characters, or more than ten. */
const numberIn = (bytes: Uint8Array, at: number, end: number): number => {
  if (at >= end || end - at > 10) return -1;
  let value = 0;
  for (let i = at; i < end; i++) {
    const digit = (bytes[i] as number) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
};

const skipDigits = (bytes: Uint8Array, at: number, end: number): number => {
  let i = at;
  while (i < end && (bytes[i] as number) >= 48 && (bytes[i] as number) <= 57) i++;
  return i;
};

/** The position after `":" port` at `at`: `at` itself where there is none, -1 where it is no port. */
const skipPort = (bytes: Uint8Array, at: number, end: number): number => {
  if (at >= end || bytes[at] !== COLON) return at;
  const stop = skipDigits(bytes, at + 1, end);
  const port = numberIn(bytes, at + 1, stop);
  return port < 1 || port > 65_535 ? -1 : stop;
};

const sipScheme = codes("sip:");

/**
 * The position after the plain `sip:[user@]host[:port]` with parameters that begins at `at`, or -1: no header
 * components, escapes or upper case in the host.
 */
export const plainUriEnd = (bytes: Uint8Array, at: number, end: number): number => {
  if (!startsWith(bytes, at, sipScheme)) return -1;
  const start = at + 4;
  let i = skip(bytes, start, end, inHost);
  if (i < end && ((classes[bytes[i] as number] as number) & inUser) !== 0) {
    i = skip(bytes, i, end, inUser);
    if (bytes[i] !== AT) return -1;
  }
  if (i === start) return -1;
  if (i < end && bytes[i] === AT) {
    const host = i + 1;
    i = skip(bytes, host, end, inHost);
    if (i === host) return -1;
  }
  i = skipPort(bytes, i, end);
  while (i >= 0 && i < end && bytes[i] === SEMICOLON) {
    const name = i + 1;
    i = skip(bytes, name, end, inUriParameter);
    if (i === name || bytes[name] === EQUALS) return -1;
  }
  return i;
};

/** Finds some parameters by name in `*( ";" name [ "=" value ] )`: lower case names, no quotes, no white space. */
class PlainParameters {
  readonly #wanted: readonly Uint8Array[];
  /** Per wanted name the start and the end of its first value; -1 where there is none. */
  readonly #places: number[];

  constructor(...wanted: readonly string[]) {
    this.#wanted = wanted.map(codes);
    this.#places = new Array(2 * wanted.length).fill(-1);
  }

  /** Whether the bytes from `at` to `end` are so written; if so, values can be asked for until the next call. */
  find(bytes: Uint8Array, at: number, end: number): boolean {
    const places = this.#places;
    for (let i = 0; i < places.length; i++) places[i] = -1;
    for (let i = at; i < end; ) {
      if (bytes[i] !== SEMICOLON) return false;
      const name = i + 1;
      const nameEnd = skip(bytes, name, end, inName);
      if (nameEnd === name) return false;
      i = nameEnd;
      let value = nameEnd;
      if (i < end && bytes[i] === EQUALS) {
        value = i + 1;
        i = skip(bytes, value, end, inValue);
        if (i === value) return false;
      }
      this.#note(bytes, name, nameEnd, value, i);
    }
    return true;
  }

  #note(bytes: Uint8Array, name: number, nameEnd: number, value: number, end: number): void {
    const wanted = this.#wanted;
    for (let i = 0; i < wanted.length; i++) {
      const word = wanted[i] as Uint8Array;
      if (word.length !== nameEnd - name || !startsWith(bytes, name, word)) continue;
      if ((this.#places[2 * i] as number) >= 0) return;
      this.#places[2 * i] = value;
      this.#places[2 * i + 1] = end;
    }
  }

  start(index: number): number {
    return this.#places[2 * index] as number;
  }

  end(index: number): number {
    return this.#places[2 * index + 1] as number;
  }

  value(lines: Lines, index: number): string | undefined {
    const start = this.start(index);
    return start < 0 ? undefined : cut(lines, start, this.end(index));
  }
}

/** Taken apart when the first one is asked for, which is seldom. */
const parametersLater = (lines: Lines, at: number, end: number): Parameters =>
  at >= end ? noParameters : new Parameters(undefined, cut(lines, at, end));

const viaParameters = new PlainParameters("branch", "rport", "received");
const protocol = codes("SIP/2.0/");

/** A Via line's only value. */
export const plainVia = (lines: Lines, from: number, to: number): Via | undefined => {
  const { bytes } = lines;
  if (!startsWith(bytes, from, protocol)) return undefined;
  const transport = from + protocol.length;
  const transportEnd = skip(bytes, transport, to, inTransport);
  if (transportEnd === transport || bytes[transportEnd] !== SPACE) return undefined;
  const host = transportEnd + 1;
  const hostEnd = skip(bytes, host, to, inHost);
  const at = skipPort(bytes, hostEnd, to);
  if (hostEnd === host || at < 0 || !viaParameters.find(bytes, at, to)) return undefined;
  const rportAt = viaParameters.start(1);
  const rportEnd = viaParameters.end(1);
  const rport = rportAt < 0 ? undefined : rportAt === rportEnd ? true : numberIn(bytes, rportAt, rportEnd);
  if (rport !== undefined && rport !== true && (rport < 0 || rport > 65_535)) return undefined;
  const receivedAt = viaParameters.start(2);
  if (receivedAt >= 0 && bytes[receivedAt] === BRACKET) return undefined;
  const params = parametersLater(lines, at, to);
  return {
    transport: cut(lines, transport, transportEnd),
    host: cut(lines, host, hostEnd),
    port: at === hostEnd ? undefined : numberIn(bytes, hostEnd + 1, at),
    branch: viaParameters.value(lines, 0),
    received: viaParameters.value(lines, 2),
    rport,
    params,
    text: cut(lines, from, to),
  };
};

const addressParameters = new PlainParameters("tag");

/** `[ display-name ] "<" URI ">"` and parameters. */
export const plainAddress = (lines: Lines, from: number, to: number): NameAddress | undefined => {
  const { bytes } = lines;
  let displayName: string | undefined;
  let i = from;
  if (bytes[i] === QUOTE) {
    i++;
    while (i < to && bytes[i] !== QUOTE && bytes[i] !== BACKSLASH && (bytes[i] as number) >= SPACE) i++;
    if (i >= to || bytes[i] !== QUOTE) return undefined;
    displayName = cut(lines, from + 1, i);
    i++;
    while (i < to && bytes[i] === SPACE) i++;
  } else if (bytes[i] !== OPEN) {
    i = skip(bytes, i, to, inDisplayName);
    let end = i;
    while (end > from && bytes[end - 1] === SPACE) end--;
    displayName = cut(lines, from, end);
  }
  if (i >= to || bytes[i] !== OPEN) return undefined;
  const uri = i + 1;
  const close = plainUriEnd(bytes, uri, to);
  if (close < 0 || close >= to || bytes[close] !== CLOSE) return undefined;
  if (!addressParameters.find(bytes, close + 1, to)) return undefined;
  const params = parametersLater(lines, close + 1, to);
  return { displayName, uri: cut(lines, uri, close), params, tag: addressParameters.value(lines, 0) };
};

/** `number SP method`. */
export const plainCSeq = (lines: Lines, from: number, to: number): CSeq | undefined => {
  const { bytes } = lines;
  const end = skipDigits(bytes, from, to);
  const number = numberIn(bytes, from, end);
  if (number < 0 || number > 0xffff_ffff || bytes[end] !== SPACE) return undefined;
  if (end + 1 >= to || skip(bytes, end + 1, to, inTransport) !== to) return undefined;
  return { number, method: cut(lines, end + 1, to) };
};

/** One URI in angle brackets and nothing else, as nearly every Route is. */
export const isPlainRoute = (bytes: Uint8Array, from: number, to: number): boolean =>
  bytes[from] === OPEN && plainUriEnd(bytes, from + 1, to) === to - 1 && bytes[to - 1] === CLOSE;
