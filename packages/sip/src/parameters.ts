import { classOf, lowerToken, skipSpace } from "./characters.ts";

/** Names (lower case) and values by turns, in the order in which they were written. */
type Pairs = readonly string[];

/**
 * Parameters in the order in which they were written. Names are lower case; a name without value has the value "".
 * Most are never asked for: text that is known to be well-formed is taken apart when the first one is.
 */
export class Parameters {
  #pairs: Pairs | undefined;
  readonly #text: string;

  constructor(pairs: Pairs | undefined, text = "") {
    this.#pairs = pairs;
    this.#text = text;
  }

  get #read(): Pairs {
    this.#pairs ??= readPairs(this.#text, 0, this.#text.length) ?? [];
    return this.#pairs;
  }

  /** The value as written (escapes and quotes kept) of the first parameter of that lower case name. */
  get(name: string): string | undefined {
    const pairs = this.#read;
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return pairs[i + 1];
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  get size(): number {
    return this.#read.length / 2;
  }

  *[Symbol.iterator](): IterableIterator<[string, string]> {
    const pairs = this.#read;
    for (let i = 0; i < pairs.length; i += 2) yield [pairs[i] as string, pairs[i + 1] as string];
  }
}

export const noParameters = new Parameters([]);

/** The position after the quoted string that opens at `at`, or -1 where it does not end before `end`. */
export const skipQuoted = (text: string, at: number, end: number): number => {
  for (let i = at + 1; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) return i + 1;
    if (code === 92) i++;
  }
  return -1;
};

/** The text of a quoted string without its quotes and backslashes; other text as it is. */
export const unquote = (text: string): string => {
  if (text.length < 2 || text.charCodeAt(0) !== 34) return text;
  const inner = text.slice(1, -1);
  if (!inner.includes("\\")) return inner;
  let out = "";
  let from = 0;
  for (let i = inner.indexOf("\\"); i >= 0 && i + 1 < inner.length; i = inner.indexOf("\\", i + 2)) {
    out += inner.slice(from, i);
    from = i + 1;
  }
  return out + inner.slice(from);
};

/** The text as a quoted string (RFC 3261 §25.1). */
export const quote = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

/** Characters that end an unquoted value of a header field parameter. */
const endsValue = classOf(';,"<> \t\r\n');

const readPairs = (text: string, at: number, end: number): string[] | undefined => {
  const pairs: string[] = [];
  let i = skipSpace(text, at, end);
  while (i < end) {
    if (text.charCodeAt(i) !== 59) return undefined;
    const start = skipSpace(text, i + 1, end);
    i = start;
    let upper = false;
    for (; i < end; i++) {
      const code = text.charCodeAt(i);
      const lower = lowerToken[code];
      if (lower === 0 || lower === undefined) break;
      if (lower !== code) upper = true;
    }
    if (i === start) return undefined;
    const name = text.slice(start, i);
    pairs.push(upper ? name.toLowerCase() : name);
    i = skipSpace(text, i, end);
    if (i >= end || text.charCodeAt(i) !== 61) {
      pairs.push("");
      continue;
    }
    const from = skipSpace(text, i + 1, end);
    if (text.charCodeAt(from) === 34 && from < end) {
      i = skipQuoted(text, from, end);
      if (i < 0) return undefined;
    } else {
      i = from;
      while (i < end && endsValue[text.charCodeAt(i)] === 0) i++;
      if (i === from) return undefined;
    }
    pairs.push(text.slice(from, i));
    i = skipSpace(text, i, end);
  }
  return pairs;
};

/**
 * Reads `*( SEMI generic-param )` from `at` to `end` (RFC 3261 §25.1): `;name`, `;name=token`, `;name="quoted"`, with
 * white space around. Undefined where the text is anything else.
 */
export const readParameters = (text: string, at: number, end: number): Parameters | undefined => {
  const pairs = readPairs(text, at, end);
  if (pairs === undefined) return undefined;
  return pairs.length === 0 ? noParameters : new Parameters(pairs);
};

/** Lower case token characters. */
const inPlainName = new Uint8Array(256);
for (let c = 0; c < 256; c++) if (c !== 0 && lowerToken[c] === c) inPlainName[c] = 1;

/**
 * Where the values of some parameters lie in a text that is written as nearly all are: `;name` and `;name=value` with
 * lower case names, without quotes and white space. Anything else is left to {@link readParameters}.
 */
export class PlainParameters {
  readonly #wanted: readonly string[];
  /** Per wanted name the start and the end of its first value; -1 where there is none. */
  readonly #places: number[];

  constructor(wanted: readonly string[]) {
    this.#wanted = wanted;
    this.#places = new Array(2 * wanted.length).fill(-1);
  }

  /** Whether the text from `at` to `end` is so written; if it is, its values can be asked for until the next call. */
  find(text: string, at: number, end: number): boolean {
    const places = this.#places;
    for (let i = 0; i < places.length; i++) places[i] = -1;
    for (let i = at; i < end; ) {
      if (text.charCodeAt(i) !== 59) return false;
      const name = ++i;
      while (i < end && inPlainName[text.charCodeAt(i)] === 1) i++;
      const nameEnd = i;
      if (nameEnd === name) return false;
      let value = i;
      if (i < end && text.charCodeAt(i) === 61) {
        value = ++i;
        while (i < end && endsValue[text.charCodeAt(i)] === 0) i++;
        if (i === value) return false;
      }
      this.#note(text, name, nameEnd, value, i);
    }
    return true;
  }

  #note(text: string, name: number, nameEnd: number, value: number, end: number): void {
    const wanted = this.#wanted;
    const places = this.#places;
    for (let i = 0; i < wanted.length; i++) {
      const word = wanted[i] as string;
      if (word.length !== nameEnd - name || !text.startsWith(word, name)) continue;
      if ((places[2 * i] as number) >= 0) return;
      places[2 * i] = value;
      places[2 * i + 1] = end;
    }
  }

  /** The value of the wanted parameter of that number in the text that was searched. */
  value(text: string, index: number): string | undefined {
    const start = this.#places[2 * index] as number;
    return start < 0 ? undefined : text.slice(start, this.#places[2 * index + 1]);
  }
}

/** The parameters of a text that {@link PlainParameters} found to be well-formed. */
export const parametersLater = (text: string, at: number, end: number): Parameters =>
  at >= end ? noParameters : new Parameters(undefined, text.slice(at, end));
