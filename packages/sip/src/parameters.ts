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
