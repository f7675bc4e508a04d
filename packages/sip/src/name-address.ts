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

/** Reads the value; where `checked`, a malformed URI makes it malformed too. */
const read = (text: string, from: number, to: number, checked: boolean): NameAddress | undefined => {
  const end = trimEnd(text, from, to);
  const start = skipSpace(text, from, end);
  let displayName: string | undefined;
  let open: number;
  if (text.charCodeAt(start) === 34) {
    const close = skipQuoted(text, start, end);
    if (close < 0) return undefined;
    displayName = unquote(unfold(text.slice(start, close)));
    open = skipSpace(text, close, end);
    if (open >= end || text.charCodeAt(open) !== 60) return undefined;
  } else {
    open = text.indexOf("<", start);
    // What stands before "<" and is no name is a URI, and "<" part of a quoted parameter.
    if (open < 0 || open >= end || !isPlainName(text, start, open)) return readAddrSpec(text, start, end, checked);
    const nameEnd = trimEnd(text, start, open);
    if (nameEnd > start) displayName = unfold(text.slice(start, nameEnd));
  }
  const close = text.indexOf(">", open);
  if (close < 0 || close >= end) return undefined;
  return build(displayName, text, open + 1, close, readParameters(text, close + 1, end), checked);
};

const notInAddrSpec = classOf(',<>" \t\r\n');

/** Without angle brackets, everything from the first semicolon on belongs to the header field (RFC 3261 §20). */
const readAddrSpec = (text: string, start: number, end: number, checked: boolean): NameAddress | undefined => {
  let stop = text.indexOf(";", start);
  if (stop < 0 || stop > end) stop = end;
  const uriEnd = trimEnd(text, start, stop);
  for (let i = start; i < uriEnd; i++) if (notInAddrSpec[text.charCodeAt(i)] === 1) return undefined;
  const params = stop < end ? readParameters(text, stop, end) : noParameters;
  return build(undefined, text, start, uriEnd, params, checked);
};

const build = (
  displayName: string | undefined,
  text: string,
  start: number,
  end: number,
  params: Parameters | undefined,
  checked: boolean,
): NameAddress | undefined => {
  if (params === undefined || start >= end || (checked && readUri(text.slice(start, end)) === undefined))
    return undefined;
  return { displayName, uri: text.slice(start, end), params, tag: params.get("tag") };
};

/**
 * Reads one `( name-addr / addr-spec ) *( SEMI param )`, which stands in the text from `from` to `to`; undefined where
 * it is malformed. The URI is not looked into.
 */
export const readNameAddress = (text: string, from = 0, to = text.length): NameAddress | undefined =>
  read(text, from, to, false);

/** Reads a From, To, Contact, Route or similar value. Throws {@link MessageError} where it or its URI is malformed. */
export const parseNameAddress = (text: string, from = 0, to = text.length): NameAddress => {
  const address = read(text, from, to, true);
  if (address === undefined) throw new MessageError("bad-address", "Bad Request - malformed address");
  return address;
};
