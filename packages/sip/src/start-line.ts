import { isDigit, isToken } from "./characters.ts";
import { badRequest, type Problem } from "./problem.ts";

/** What a start line says (RFC 3261 §7.1, §7.2). Where it is malformed, as much as can be made out. */
export type StartLine =
  | { readonly kind: "request"; readonly method: string; readonly uri: string; readonly problem: Problem | undefined }
  | {
      readonly kind: "response";
      readonly status: number;
      readonly reason: string;
      readonly problem: Problem | undefined;
    };

const badVersion: Problem = { status: 505, reason: "Version Not Supported", code: "unsupported-version" };
const badRequestLine = badRequest("bad-request-line", "Bad Request - malformed request line");
const badMethod = badRequest("bad-method", "Bad Request - malformed method");
const badStatusLine = badRequest("bad-status-line", "Bad Request - malformed status line");

/** `SIP/2.0` in any case (RFC 3261 §7.1), without a regular expression. */
const isVersion2 = (text: string): boolean => text === "SIP/2.0" || text.toUpperCase() === "SIP/2.0";

const startsSip = (text: string, at: number): boolean =>
  text.startsWith("SIP/", at) || text.slice(at, at + 4).toUpperCase() === "SIP/";

const statusLine = (line: string): StartLine => {
  const reasonAt = line.indexOf(" ", 8);
  const code = reasonAt < 0 ? line.slice(8) : line.slice(8, reasonAt);
  const wellFormed = code.length === 3 && [0, 1, 2].every((i) => isDigit(code.charCodeAt(i)));
  const status = wellFormed ? Number(code) : 0;
  const inRange = status >= 100 && status <= 699;
  const problem = !isVersion2(line.slice(0, 7)) ? badVersion : inRange ? undefined : badStatusLine;
  return { kind: "response", status, reason: reasonAt < 0 ? "" : line.slice(reasonAt + 1), problem };
};

/** Reads a start line without its CRLF; undefined where it is no SIP at all. */
export const readStartLine = (line: string): StartLine | undefined => {
  if (line.charCodeAt(7) === 32 && startsSip(line, 0)) return statusLine(line);
  const methodEnd = line.indexOf(" ");
  if (methodEnd <= 0) return undefined;
  const uriEnd = line.length - 8;
  // The usual request line has two spaces, of which the second stands before the version.
  if (uriEnd > methodEnd + 1 && line.indexOf(" ", methodEnd + 1) === uriEnd && line.startsWith("SIP/2.0", uriEnd + 1)) {
    const method = line.slice(0, methodEnd);
    const uri = line.slice(methodEnd + 1, uriEnd);
    return { kind: "request", method, uri, problem: isToken(method) ? undefined : badMethod };
  }
  return unusualRequestLine(line, methodEnd);
};

/** A request line with white space too much, another version, or another case of it. */
const unusualRequestLine = (line: string, methodEnd: number): StartLine | undefined => {
  const trimmed = line.trimEnd();
  const versionAt = trimmed.lastIndexOf(" ") + 1;
  if (versionAt <= methodEnd + 1 || !startsSip(trimmed, versionAt)) return undefined;
  const method = line.slice(0, methodEnd);
  const uri = trimmed.slice(methodEnd + 1, versionAt - 1);
  const request = { kind: "request", method, uri: uri.trim() } as const;
  if (!isVersion2(trimmed.slice(versionAt))) return { ...request, problem: badVersion };
  if (trimmed.length !== line.length || uri.includes(" ")) return { ...request, problem: badRequestLine };
  return { ...request, problem: isToken(method) ? undefined : badMethod };
};
