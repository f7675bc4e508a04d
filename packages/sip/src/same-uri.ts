import { canonicalEscapes } from "./escape.ts";
import type { Parameters } from "./parameters.ts";
import type { SipUri, TelUri, Uri } from "./uri.ts";

const sameText = (a: string | undefined, b: string | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && canonicalEscapes(a) === canonicalEscapes(b));

const sameIgnoringCase = (a: string, b: string): boolean =>
  a === b || canonicalEscapes(a).toLowerCase() === canonicalEscapes(b).toLowerCase();

/** Parameters that make URIs different where only one has them (RFC 3261 §19.1.4). */
const decisive = ["user", "ttl", "method", "maddr", "transport"];

const sameParams = (a: Parameters, b: Parameters): boolean => {
  for (const [name, value] of a) {
    const other = b.get(name);
    if (other !== undefined && !sameIgnoringCase(value, other)) return false;
  }
  return decisive.every((name) => a.has(name) === b.has(name));
};

/** `a=1&b=2` in one order and spelling: header components compare whole, in any order. */
const canonicalHeaders = (headers: string | undefined): string =>
  (headers ?? "")
    .split("&")
    .map((part) => {
      const equals = part.indexOf("=");
      const name = equals < 0 ? part : part.slice(0, equals);
      return `${canonicalEscapes(name).toLowerCase()}${equals < 0 ? "" : canonicalEscapes(part.slice(equals))}`;
    })
    .sort()
    .join("&");

const sameSip = (a: SipUri, b: SipUri): boolean =>
  a.scheme === b.scheme &&
  a.host === b.host &&
  a.port === b.port &&
  sameText(a.userText, b.userText) &&
  sameText(a.password, b.password) &&
  sameParams(a.params, b.params) &&
  canonicalHeaders(a.headers) === canonicalHeaders(b.headers);

/** RFC 3966 §4: the numbers alike, the parameters alike in any order, all without regard to case. */
const sameTel = (a: TelUri, b: TelUri): boolean =>
  a.number.toLowerCase() === b.number.toLowerCase() &&
  a.params.size === b.params.size &&
  [...a.params].every(([name, value]) => {
    const other = b.params.get(name);
    return other !== undefined && sameIgnoringCase(value, other);
  });

/** Whether two URIs are equal: RFC 3261 §19.1.4 for SIP, RFC 3966 §4 for tel, the text for other schemes. */
export const sameUri = (a: Uri, b: Uri): boolean => {
  if (a.kind === "sip") return b.kind === "sip" && sameSip(a, b);
  if (a.kind === "tel") return b.kind === "tel" && sameTel(a, b);
  return a.text === b.text;
};

/**
 * The address of record that a SIP URI names, as an index (RFC 3261 §10.3 step 5): user unescaped, `@`, host in lower
 * case; no scheme, port, parameters or headers. Without a user part, the host alone.
 */
export const addressOfRecord = (uri: SipUri): string => (uri.user === undefined ? uri.host : `${uri.user}@${uri.host}`);
