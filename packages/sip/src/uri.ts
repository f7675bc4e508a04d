import { isAddress6, isDigit, readHostName, readNumber } from "./characters.ts";
import { decodeEscapes, validEscapes } from "./escape.ts";
import { noParameters, Parameters } from "./parameters.ts";
import { MessageError } from "./problem.ts";

/** A SIP or SIPS URI (RFC 3261 §19.1). */
export interface SipUri {
  readonly kind: "sip";
  readonly scheme: "sip" | "sips";
  /** The user part, unescaped once (latin1: one character per byte). */
  readonly user: string | undefined;
  /** The user part as written. */
  readonly userText: string | undefined;
  /** As written. */
  readonly password: string | undefined;
  /** Lower case; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** `;name=value` after the host: names lower case, values as written. */
  readonly params: Parameters;
  /** What follows the question mark, as written. */
  readonly headers: string | undefined;
  readonly text: string;
}

/** A telephone number (RFC 3966). */
export interface TelUri {
  readonly kind: "tel";
  readonly scheme: "tel";
  /** Without visual separators: `+15551234`. */
  readonly number: string;
  readonly params: Parameters;
  readonly text: string;
}

/** A URI of any other scheme: carried, not understood. */
export interface OtherUri {
  readonly kind: "other";
  /** Lower case. */
  readonly scheme: string;
  readonly text: string;
}

export type Uri = SipUri | TelUri | OtherUri;

/** Characters that a URI never contains: controls, space, and what delimits it where it stands. */
const forbidden = new Uint8Array(256).fill(1, 0, 33);
for (const c of '"<>\x7f') forbidden[c.charCodeAt(0)] = 1;

const readUriParameters = (text: string, start: number, end: number): Parameters | undefined => {
  if (start >= end) return noParameters;
  const pairs: string[] = [];
  for (let at = start; at < end; ) {
    let stop = text.indexOf(";", at + 1);
    if (stop < 0 || stop > end) stop = end;
    const equals = text.indexOf("=", at + 1);
    const nameEnd = equals < 0 || equals > stop ? stop : equals;
    if (nameEnd === at + 1) return undefined;
    const name = text.slice(at + 1, nameEnd);
    pairs.push((name.includes("%") ? decodeEscapes(name) : name).toLowerCase());
    pairs.push(nameEnd < stop ? text.slice(nameEnd + 1, stop) : "");
    at = stop;
  }
  return new Parameters(pairs);
};

/** Reads `host [":" port]` from start to end. */
export const readHostPort = (
  text: string,
  start: number,
  end: number,
): { readonly host: string; readonly port: number | undefined } | undefined => {
  let hostEnd: number;
  let host: string | undefined;
  if (text.charCodeAt(start) === 91) {
    const bracket = text.indexOf("]", start);
    if (bracket < 0 || bracket >= end) return undefined;
    hostEnd = bracket + 1;
    const address = text.slice(start + 1, bracket);
    host = isAddress6(address) ? address.toLowerCase() : undefined;
  } else {
    const colon = text.indexOf(":", start);
    hostEnd = colon < 0 || colon > end ? end : colon;
    host = readHostName(text, start, hostEnd);
  }
  if (host === undefined) return undefined;
  if (hostEnd === end) return { host, port: undefined };
  if (text.charCodeAt(hostEnd) !== 58) return undefined;
  const port = readNumber(text, 65_535, hostEnd + 1, end);
  return port === undefined || port === 0 ? undefined : { host, port };
};

/** Position of the character in the text from start to end, or -1. */
const find = (text: string, character: string, start: number, end: number): number => {
  const at = text.indexOf(character, start);
  return at < end ? at : -1;
};

const readSipUri = (text: string, from: number, to: number, scheme: "sip" | "sips"): SipUri | undefined => {
  const start = from + scheme.length + 1;
  // "@" stands nowhere but after the user part: elsewhere it is escaped (RFC 3261 §25.1).
  const at = find(text, "@", start, to);
  let user: string | undefined;
  let userText: string | undefined;
  let password: string | undefined;
  if (at >= 0) {
    const colon = find(text, ":", start, at);
    const userEnd = colon >= 0 ? colon : at;
    if (userEnd === start) return undefined;
    userText = text.slice(start, userEnd);
    user = decodeEscapes(userText);
    if (userEnd < at) password = text.slice(userEnd + 1, at);
  }
  const hostStart = at < 0 ? start : at + 1;
  const question = find(text, "?", hostStart, to);
  const end = question < 0 ? to : question;
  const semicolon = find(text, ";", hostStart, end);
  const hostEnd = semicolon < 0 ? end : semicolon;
  const place = readHostPort(text, hostStart, hostEnd);
  if (place === undefined) return undefined;
  const params = readUriParameters(text, hostEnd, end);
  if (params === undefined) return undefined;
  const headers = question < 0 ? undefined : text.slice(question + 1, to);
  const { host, port } = place;
  return { kind: "sip", scheme, user, userText, password, host, port, params, headers, text: text.slice(from, to) };
};

const readTelUri = (text: string): TelUri | undefined => {
  const semicolon = text.indexOf(";");
  const end = semicolon < 0 ? text.length : semicolon;
  let number = "";
  for (let i = 4; i < end; i++) {
    const character = text.charAt(i);
    if ("-.()".includes(character)) continue;
    const code = text.charCodeAt(i);
    if (!isDigit(code) && !"*#ABCDEFabcdef".includes(character) && !(character === "+" && number === "")) {
      return undefined;
    }
    number += character;
  }
  if (number === "" || number === "+") return undefined;
  const params = readUriParameters(text, end, text.length);
  return params && { kind: "tel", scheme: "tel", number, params, text };
};

/** The scheme (lower case) of a URI, or undefined where it does not begin with one (RFC 3986 §3.1). */
export const schemeOf = (text: string, from = 0, to = text.length): string | undefined => {
  if (to - from > 3 && text.startsWith("sip:", from)) return "sip";
  const colon = find(text, ":", from, to);
  if (colon <= from) return undefined;
  for (let i = from; i < colon; i++) {
    const code = text.charCodeAt(i);
    const letter = (code | 32) >= 97 && (code | 32) <= 122 && code < 128;
    if (!letter && (i === from || !(isDigit(code) || code === 43 || code === 45 || code === 46))) return undefined;
  }
  return text.slice(from, colon).toLowerCase();
};

const readAny = (text: string, from: number, to: number): Uri | undefined => {
  for (let i = from; i < to; i++) if (forbidden[text.charCodeAt(i)] === 1) return undefined;
  const scheme = schemeOf(text, from, to);
  if (scheme === undefined) return undefined;
  if (scheme !== "sip" && scheme !== "sips" && scheme !== "tel")
    return { kind: "other", scheme, text: text.slice(from, to) };
  if (!validEscapes(text, from, to)) return undefined;
  return scheme === "tel" ? readTelUri(text.slice(from, to)) : readSipUri(text, from, to, scheme);
};

/**
 * The URIs that were read last: the messages of a call, and those who look at one message, ask for the same few again
 * and again. What is read depends on the text alone and never changes, so nobody can tell. At most this many, and none
 * that is long.
 */
const recent: (Uri | undefined)[] = new Array(256).fill(undefined);
const longestKept = 200;

const slotOf = (text: string): number => {
  const { length } = text;
  const sum = length * 37 + text.charCodeAt(length - 1) + text.charCodeAt(length >> 1) * 7 + text.charCodeAt(7) * 31;
  return sum & 255;
};

/** Reads a URI of any scheme; undefined where it is malformed. */
export const readUri = (text: string): Uri | undefined => {
  if (text.length > longestKept) return readAny(text, 0, text.length);
  const slot = slotOf(text);
  const known = recent[slot];
  if (known !== undefined && known.text === text) return known;
  const uri = readAny(text, 0, text.length);
  if (uri !== undefined) recent[slot] = uri;
  return uri;
};

/** Reads a URI of any scheme. Throws {@link MessageError} where it is malformed. */
export const parseUri = (text: string): Uri => {
  const uri = readUri(text);
  if (uri === undefined) throw new MessageError("bad-uri", "Bad Request - malformed URI");
  return uri;
};

/** Host and port as they stand in a URI or Via: an IPv6 address in brackets. */
export const hostPort = (host: string, port?: number): string =>
  `${host.includes(":") ? `[${host}]` : host}${port === undefined ? "" : `:${port}`}`;
