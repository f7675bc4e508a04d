import { isSpace, lowerToken, readNumber, trimEnd } from "./characters.ts";
import type { Limits } from "./limits.ts";
import { Name, nameByHash } from "./name.ts";
import { badRequest, type Problem } from "./problem.ts";

/** Numbers per header field line in a field table: name, lineStart, valueStart, valueEnd. */
export const stride = 4;

export interface FieldScan {
  /** The field table (see `Message.fields`). */
  readonly fields: number[];
  /** Position after the start line's CRLF. */
  readonly startLineEnd: number;
  /** Content-Length, or -1 where there is none. */
  readonly contentLength: number;
  /** The first thing that is wrong with the form of the head. */
  readonly problem: Problem | undefined;
  /** Where framing is lost: Content-Length is doubled or unreadable. */
  readonly lengthProblem: Problem | undefined;
}

const bareLineEnd = badRequest("bare-line-end", "Bad Request - line not ended by CRLF");
const badHeaderLine = badRequest("bad-header-line", "Bad Request - malformed header field line");
const tooManyFields = badRequest("too-many-fields", "Bad Request - too many header fields");
const doubleLength = badRequest("multiple-content-length", "Bad Request - more than one Content-Length");
const badLength = badRequest("bad-content-length", "Bad Request - malformed Content-Length");

/**
 * Finds the header field lines of a head (start line and header fields, each with its CRLF). One pass; values are
 * located, not read. Malformed lines stay in the table as unknown fields, so that an answer can be built.
 */
export const scanFields = (head: string, limits: Limits): FieldScan => {
  const fields: number[] = [];
  const length = head.length;
  let problem: Problem | undefined;
  let lengthProblem: Problem | undefined;
  let contentLength = -1;
  let lineEnd = head.indexOf("\n");
  if (lineEnd < 0) lineEnd = length - 1;
  const startLineEnd = lineEnd + 1;
  if (head.indexOf("\r") !== lineEnd - 1) problem = bareLineEnd;
  let at = startLineEnd;
  let lines = 0;
  while (at < length) {
    const lineStart = at;
    if (++lines > limits.fields) {
      problem = tooManyFields;
      break;
    }
    let hash = 0;
    let i = at;
    for (; i < length; i++) {
      const lower = lowerToken[head.charCodeAt(i)];
      if (lower === 0 || lower === undefined) break;
      hash = (Math.imul(hash, 31) + lower) | 0;
    }
    const nameEnd = i;
    let code = head.charCodeAt(i);
    while (code === 32 || code === 9) code = head.charCodeAt(++i);
    const wellFormed = code === 58 && nameEnd > at;
    // The line goes on while the next one begins with white space (RFC 3261 §7.3.1).
    let end = i;
    for (;;) {
      lineEnd = head.indexOf("\n", end);
      if (lineEnd < 0) lineEnd = length - 1;
      // Looked for only until something is wrong: each search is then one line long, and the whole linear.
      if (problem === undefined && head.indexOf("\r", end) !== lineEnd - 1) problem = bareLineEnd;
      end = lineEnd + 1;
      const next = head.charCodeAt(end);
      if (next !== 32 && next !== 9) break;
    }
    at = end;
    if (!wellFormed) {
      problem ??= badHeaderLine;
      fields.push(Name.Unknown, lineStart, trimEnd(head, lineStart, end), trimEnd(head, lineStart, end));
      continue;
    }
    let valueStart = i + 1;
    while (valueStart < end && isSpace(head.charCodeAt(valueStart))) valueStart++;
    if (valueStart === end) valueStart = i + 1;
    const valueEnd = trimEnd(head, valueStart, end);
    const name = nameByHash(head, lineStart, nameEnd, hash);
    fields.push(name, lineStart, valueStart, valueEnd);
    if (name === Name.ContentLength) {
      const value = readNumber(head, 0xffff_ffff, valueStart, valueEnd);
      if (contentLength >= 0) lengthProblem = doubleLength;
      if (value === undefined) lengthProblem ??= badLength;
      else contentLength = value;
    }
  }
  return { fields, startLineEnd, contentLength, problem, lengthProblem };
};
