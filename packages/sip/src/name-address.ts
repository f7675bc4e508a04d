import { classOf, skipSpace, trimEnd, unfold } from "./characters.ts";
import { noParameters, type Parameters, readParameters, skipQuoted, unquote } from "./parameters.ts";
import { MessageError } from "./problem.ts";
import { readUri } from "./uri.ts";

/** A `name-addr` or `addr-spec` with the header field's own parameters (RFC 3261 §20.10, §25.1). */
export interface NameAddress {
  /** Without quotes and backslashes. */
  readonly displayName: string | undefined;
  /** The URI as written, without angle brackets. */
  readonly uri: string;
  /** Parameters of the header field, not of the URI. */
  readonly params: Parameters;
  readonly tag: string | undefined;
}

/** What an unquoted display name must not have: it would be something else. */
const notInName = classOf('",;:<>@\\\x7f');
notInName.fill(1, 0, 32);
for (const space of [9, 10, 13]) notInName[space] = 0;

const isPlainName = (text: string, start: number, end: number): boolean => {
  for (let i = start; i < end; i++) if (notInName[text.charCodeAt(i)] === 1) return false;
  return true;
};

/**
 * Reads one `( name-addr / addr-spec ) *( SEMI param )`, which stands in the text from `from` to `to`; undefined where
 * it is malformed. The URI is not looked into.
 */
export const readNameAddress = (text: string, from = 0, to = text.length): NameAddress | undefined => {
  const end = trimEnd(text, from, to);
  let at = skipSpace(text, from, end);
  let displayName: string | undefined;
  if (text.charCodeAt(at) === 34) {
    const close = skipQuoted(text, at, end);
    if (close < 0) return undefined;
    displayName = unquote(unfold(text.slice(at, close)));
    at = skipSpace(text, close, end);
    if (text.charCodeAt(at) !== 60) return undefined;
  } else {
    const open = text.indexOf("<", at);
    if (open < 0 || open >= end) return readAddrSpec(text, at, end);
    // An addr-spec whose parameters have a "<" is none: only a quoted value may, and then ";" comes first.
    if (!isPlainName(text, at, open)) return readAddrSpec(text, at, end);
    const nameEnd = trimEnd(text, at, open);
    if (nameEnd > at) displayName = unfold(text.slice(at, nameEnd));
    at = open;
  }
  const close = text.indexOf(">", at);
  if (close < 0 || close >= end) return undefined;
  return build(displayName, text.slice(at + 1, close), readParameters(text, close + 1, end));
};

const notInAddrSpec = classOf(',<>" \t\r\n');

/** Without angle brackets, everything from the first semicolon on belongs to the header field (RFC 3261 §20). */
const readAddrSpec = (text: string, start: number, end: number): NameAddress | undefined => {
  let stop = text.indexOf(";", start);
  if (stop < 0 || stop > end) stop = end;
  const uriEnd = trimEnd(text, start, stop);
  for (let i = start; i < uriEnd; i++) if (notInAddrSpec[text.charCodeAt(i)] === 1) return undefined;
  const params = stop < end ? readParameters(text, stop, end) : noParameters;
  return build(undefined, text.slice(start, uriEnd), params);
};

const build = (
  displayName: string | undefined,
  uri: string,
  params: Parameters | undefined,
): NameAddress | undefined => {
  if (params === undefined || uri === "") return undefined;
  return { displayName, uri, params, tag: params.get("tag") };
};

/** Reads a From, To, Contact, Route or similar value. Throws {@link MessageError} where it or its URI is malformed. */
export const parseNameAddress = (text: string, from = 0, to = text.length): NameAddress => {
  const address = readNameAddress(text, from, to);
  if (address === undefined || readUri(address.uri) === undefined) {
    throw new MessageError("bad-address", "Bad Request - malformed address");
  }
  return address;
};
