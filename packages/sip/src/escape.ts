/** Percent escapes of URIs (RFC 3261 §19.1.2, RFC 3986 §2.1). Nothing is ever unescaped twice. */

const hexValue = (code: number): number => {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
};

/** The byte that `%HH` at this position stands for, or -1. */
const byteAt = (text: string, at: number): number => {
  const high = hexValue(text.charCodeAt(at + 1));
  const low = hexValue(text.charCodeAt(at + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
};

/** Whether every percent sign from start to end begins an escape. */
export const validEscapes = (text: string, start: number, end: number): boolean => {
  for (let i = text.indexOf("%", start); i >= 0 && i < end; i = text.indexOf("%", i + 3)) {
    if (i + 2 >= end || byteAt(text, i) < 0) return false;
  }
  return true;
};

const replaceEscapes = (text: string, replacement: (byte: number) => string): string => {
  let i = text.indexOf("%");
  if (i < 0) return text;
  let out = "";
  let from = 0;
  while (i >= 0) {
    const byte = byteAt(text, i);
    if (byte >= 0) {
      out += text.slice(from, i) + replacement(byte);
      from = i + 3;
    }
    i = text.indexOf("%", byte >= 0 ? i + 3 : i + 1);
  }
  return out + text.slice(from);
};

/** Each `%HH` as its byte, once; what is no escape stays. */
export const decodeEscapes = (text: string): string => replaceEscapes(text, (byte) => String.fromCharCode(byte));

/** Characters whose escape means something else than they do themselves (RFC 3261 §19.1.4, RFC 2396 §2.2), and `%`. */
const reserved = ";/?:@&=+$,%";
const hexDigits = "0123456789ABCDEF";
const escapeByte = (byte: number): string => `%${hexDigits[byte >> 4]}${hexDigits[byte & 15]}`;

/** One spelling for all that RFC 3261 §19.1.4 calls equal: unescaped where that changes nothing, else upper case hex. */
export const canonicalEscapes = (text: string): string =>
  replaceEscapes(text, (byte) => {
    const character = String.fromCharCode(byte);
    return byte <= 32 || byte >= 127 || reserved.includes(character) ? escapeByte(byte) : character;
  });

const userCharacters = new Uint8Array(256);
for (const c of "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()&=+$,;?/") {
  userCharacters[c.charCodeAt(0)] = 1;
}

/** The text escaped so that it can stand as the user part of a SIP URI. Text above U+00FF is not latin1: pass bytes. */
export const escapeUser = (text: string): string => {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    out += userCharacters[code] === 1 ? text.charAt(i) : escapeByte(code & 255);
  }
  return out;
};
