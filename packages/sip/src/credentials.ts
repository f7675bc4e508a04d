import { isSpace, isToken, skipSpace, trimEnd } from "./characters.ts";
import { valueEndAt } from "./list.ts";
import { unquote } from "./parameters.ts";
import { MessageError } from "./problem.ts";

/** A challenge or credentials (RFC 3261 §20.7, §20.27, §20.44): a scheme and its comma-separated parameters. */
export interface Challenge {
  /** Lower case: `digest`. */
  readonly scheme: string;
  /** Names in lower case; values without quotes. */
  readonly params: ReadonlyMap<string, string>;
}

export type Credentials = Challenge;

/** Reads comma-separated `name=value` parameters, as of Authentication-Info; undefined where they are malformed. */
export const readAuthParameters = (text: string): ReadonlyMap<string, string> | undefined => {
  const params = new Map<string, string>();
  const end = trimEnd(text, 0, text.length);
  for (let at = skipSpace(text, 0, end); at < end; ) {
    const stop = valueEndAt(text, at, end);
    const start = skipSpace(text, at, stop);
    const equals = text.indexOf("=", start);
    at = stop + 1;
    if (start === stop) continue;
    if (equals < 0 || equals >= stop) return undefined;
    const nameEnd = trimEnd(text, start, equals);
    if (!isToken(text, start, nameEnd)) return undefined;
    const from = skipSpace(text, equals + 1, stop);
    const to = trimEnd(text, from, stop);
    const quoted = text.charCodeAt(from) === 34 && to > from;
    if (quoted && (to - from < 2 || text.charCodeAt(to - 1) !== 34)) return undefined;
    const name = text.slice(start, nameEnd).toLowerCase();
    // Said twice, a parameter could be read differently by whoever checks and whoever acts.
    if (params.has(name)) return undefined;
    params.set(name, unquote(text.slice(from, to)));
  }
  return params;
};

/** Reads the value of an Authorization, Proxy-Authorization, WWW- or Proxy-Authenticate header field. */
export const readCredentials = (text: string): Credentials | undefined => {
  const start = skipSpace(text, 0);
  let end = start;
  while (end < text.length && !isSpace(text.charCodeAt(end))) end++;
  if (!isToken(text, start, end)) return undefined;
  const params = readAuthParameters(text.slice(end));
  return params && { scheme: text.slice(start, end).toLowerCase(), params };
};

/** As {@link readCredentials}, but throws {@link MessageError} where the value is malformed. */
export const parseCredentials = (text: string): Credentials => {
  const credentials = readCredentials(text);
  if (credentials === undefined) throw new MessageError("bad-credentials", "Bad Request - malformed credentials");
  return credentials;
};

export const readChallenge: (text: string) => Challenge | undefined = readCredentials;
export const parseChallenge: (text: string) => Challenge = parseCredentials;
