import { isToken, readNumber, skipSpace, trimEnd } from "./characters.ts";
import { type Parameters, readParameters } from "./parameters.ts";
import { MessageError } from "./problem.ts";
import { readHostPort } from "./uri.ts";

/** One Via value (RFC 3261 §20.42). */
export interface Via {
  /** Upper case: `UDP`, `TCP`, `TLS`, `WS`, `WSS`, `SCTP` or anything else. */
  readonly transport: string;
  /** sent-by: lower case; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly branch: string | undefined;
  /** Without brackets (RFC 5118 §4.5). */
  readonly received: string | undefined;
  /** RFC 3581: true where it is asked for, the port once it is filled in. */
  readonly rport: number | true | undefined;
  readonly params: Parameters;
  /** As written, unfolded. */
  readonly text: string;
}

/** The magic cookie with which every RFC 3261 branch begins (§8.1.1.7). */
export const branchCookie = "z9hG4bK";

const withoutBrackets = (text: string | undefined): string | undefined =>
  text?.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;

/** Position after `text` at `at`, white space skipped on both sides, or -1. The comparison is case-insensitive. */
const skipWord = (text: string, at: number, word: string, end: number): number => {
  const start = skipSpace(text, at, end);
  const stop = start + word.length;
  if (!text.startsWith(word, start) && text.slice(start, stop).toUpperCase() !== word) return -1;
  return skipSpace(text, stop, end);
};

/** Where the transport begins: after `SIP/2.0/`, in which white space may stand around every part. */
const protocolEnd = (text: string, from: number, end: number): number => {
  if (text.startsWith("SIP/2.0/", from)) return skipSpace(text, from + 8, end);
  let at = from;
  for (const word of ["SIP", "/", "2.0", "/"]) {
    at = skipWord(text, at, word, end);
    if (at < 0) return -1;
  }
  return at;
};

/** Reads one Via value, which stands in the text from `from` to `to`; undefined where it is malformed. */
export const readVia = (text: string, from = 0, to = text.length): Via | undefined => {
  const end = trimEnd(text, from, to);
  const start = protocolEnd(text, from, end);
  if (start < 0) return undefined;
  let i = start;
  while (i < end && text.charCodeAt(i) !== 32 && text.charCodeAt(i) !== 9) i++;
  if (!isToken(text, start, i)) return undefined;
  const transport = text.slice(start, i);
  const hostStart = skipSpace(text, i, end);
  let hostEnd = text.indexOf(";", hostStart);
  if (hostEnd < 0 || hostEnd > end) hostEnd = end;
  const place = readSentBy(text, hostStart, trimEnd(text, hostStart, hostEnd));
  const params = readParameters(text, hostEnd, end);
  if (place === undefined || params === undefined) return undefined;
  const rport = params.get("rport");
  const port = rport === undefined ? undefined : rport === "" ? true : readNumber(rport, 65_535);
  return {
    transport: transport === "UDP" || transport === "TCP" ? transport : transport.toUpperCase(),
    host: place.host,
    port: place.port,
    branch: params.get("branch"),
    received: withoutBrackets(params.get("received")),
    rport: port,
    params,
    text: text.slice(from, end),
  };
};

/** `sent-by = host [ COLON port ]`, where COLON may have white space around it. */
const readSentBy = (text: string, start: number, end: number): ReturnType<typeof readHostPort> => {
  const place = readHostPort(text, start, end);
  if (place !== undefined) return place;
  let compact = "";
  for (const part of text.slice(start, end).split(":")) compact += `${compact === "" ? "" : ":"}${part.trim()}`;
  return readHostPort(compact, 0, compact.length);
};

/** As {@link readVia}, but throws {@link MessageError} where the value is malformed. */
export const parseVia = (text: string, from = 0, to = text.length): Via => {
  const via = readVia(text, from, to);
  if (via === undefined) throw new MessageError("bad-via", "Bad Request - malformed Via");
  return via;
};

/** Whether the sent-by of a Via is this host and port (RFC 3261 §18.1.2); a missing port is the transport's own. */
export const sentByMatches = (via: Via, host: string, port: number): boolean =>
  via.host === host.toLowerCase() &&
  (via.port ??
    (via.transport === "TLS" ? 5061 : via.transport === "WS" ? 80 : via.transport === "WSS" ? 443 : 5060)) === port;
