/**
 * Classes of characters (RFC 3261 §25.1). Texts are latin1: one character is one byte.
 */

export const classOf = (characters: string): Uint8Array => {
  const table = new Uint8Array(256);
  for (let i = 0; i < characters.length; i++) table[characters.charCodeAt(i)] = 1;
  return table;
};

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

const tokenClass = classOf(`${alphanumeric}-.!%*_+\`'~`);

/** Token characters mapped to their lower case, everything else to 0: one look-up to read a header field name. */
export const lowerToken = new Uint8Array(256);
for (let c = 0; c < 256; c++) if (tokenClass[c] === 1) lowerToken[c] = c >= 65 && c <= 90 ? c + 32 : c;

/** 1: stands in a host name; 2: is upper case at that. */
const hostClass = classOf(`${alphanumeric}-._`);
hostClass.fill(2, 65, 91);

const addressClass = classOf("0123456789abcdefABCDEF:.");

/** Whether the text from start to end has at least one character, and all of them are of the class. */
export const everyCharacter = (table: Uint8Array, text: string, start = 0, end = text.length): boolean => {
  for (let i = start; i < end; i++) if (table[text.charCodeAt(i)] !== 1) return false;
  return end > start;
};

/** Whether the text from start to end is one `token` (at least one character). */
export const isToken = (text: string, start = 0, end = text.length): boolean =>
  everyCharacter(tokenClass, text, start, end);

/**
 * The host name or IPv4 address from start to end, in lower case; undefined where it is none. Underscores are let
 * through: real networks use them.
 */
export const readHostName = (text: string, start: number, end: number): string | undefined => {
  let upper = false;
  for (let i = start; i < end; i++) {
    const kind = hostClass[text.charCodeAt(i)];
    if (kind !== 1) {
      if (kind !== 2) return undefined;
      upper = true;
    }
  }
  if (end <= start) return undefined;
  const host = text.slice(start, end);
  return upper ? host.toLowerCase() : host;
};

/**
 * What stands between the brackets of an IPv6 reference. RFC 5118 §4.10 wants even `2001:db8:::192.0.2.1` tolerated, so
 * only the characters are checked.
 */
export const isAddress6 = (text: string): boolean =>
  everyCharacter(addressClass, text, 0, text.length) && text.includes(":");

export const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** White space between tokens: SP, HTAB, and the line breaks of folded header fields. */
export const isSpace = (code: number): boolean => code === 32 || code === 9 || code === 13 || code === 10;

/** The first position from `at` on, before `end`, that is no white space. */
export const skipSpace = (text: string, at: number, end = text.length): number => {
  let i = at;
  while (i < end && isSpace(text.charCodeAt(i))) i++;
  return i;
};

/** The position after the last character before `end` that is no white space, not below `start`. */
export const trimEnd = (text: string, start: number, end: number): number => {
  let i = end;
  while (i > start && isSpace(text.charCodeAt(i - 1))) i--;
  return i;
};

/** The number that these digits spell, or undefined: not only digits, none at all, or above `limit`. */
export const readNumber = (text: string, limit: number, start = 0, end = text.length): number | undefined => {
  if (start >= end) return undefined;
  let value = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (!isDigit(code)) return undefined;
    value = value * 10 + code - 48;
    if (value > limit) return undefined;
  }
  return value;
};

/** Shorter pieces are copied by the engine itself. */
const SHORTEST_SLICE = 13;

/**
 * The same text with memory of its own: to be kept for longer than what it was cut from. V8 makes of a piece of a text
 * no more than a view that keeps the whole, and joining is the one plain way to have it copied.
 */
export const ownText = (text: string): string =>
  text.length < SHORTEST_SLICE ? text : [text.slice(0, 1), text.slice(1)].join("");

/** The text without line breaks: a folded header field reads as one line (RFC 3261 §7.3.1). */
export const unfold = (text: string): string => (text.indexOf("\n") >= 0 ? text.replaceAll("\r\n", "") : text);

/** The text made safe to stand within one line that we write: line breaks become spaces. */
export const oneLine = (text: string): string =>
  text.indexOf("\n") >= 0 || text.indexOf("\r") >= 0 ? text.replaceAll("\r", " ").replaceAll("\n", " ") : text;
