import { isDigit, isSpace, lowerToken } from "./characters.ts";
import type { Limits } from "./limits.ts";
import { Name, nameIn } from "./name.ts";
import { badRequest, type Problem } from "./problem.ts";

/** Numbers per header field line in a field table: name, lineStart, valueStart, valueEnd. */
export const stride = 4;

export interface FieldScan {
  /** The field table (see `Message.fields`). */
  readonly fields: number[];
  /** Length of the start line without its line end. */
  readonly startLineLength: number;
  /** Where the head ends: position of the empty line, or of the end of the bytes. */
  readonly headEnd: number;
  /** Position after the empty line, or -1 where there is none. */
  readonly bodyStart: number;
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

const contentLengthOf = (bytes: Uint8Array, start: number, end: number): number => {
  let value = 0;
  for (let i = start; i < end; i++) {
    const code = bytes[i] as number;
    if (!isDigit(code)) return -1;
    value = value * 10 + code - 48;
    if (value > 0xffff_ffff) return -1;
  }
  return end > start ? value : -1;
};

/** Position after the line end from `at` on, or `end`; less than 0 (its complement) where it is not ended by CRLF alone. */
const findLineEnd = (bytes: Uint8Array, at: number, end: number): number => {
  let clean = true;
  for (let i = at; ; i++) {
    while (i < end && (bytes[i] as number) > 13) i++;
    if (i >= end) return ~end;
    const code = bytes[i];
    if (code === 13) {
      if (bytes[i + 1] === 10 && i + 1 < end) return clean ? i + 2 : ~(i + 2);
      clean = false;
    } else if (code === 10) return ~(i + 1);
  }
};

/** The position after the token that begins at `at`. */
const nameEndAt = (bytes: Uint8Array, at: number, end: number): number => {
  let i = at;
  while (i < end && lowerToken[bytes[i] as number] !== 0) i++;
  return i;
};

/**
 * Where the value ends on a line that goes on after its name as nearly all do, `: value` CRLF: -1 where it has more
 * white space or none, another line end, or the next line belongs to it.
 */
const plainValueEnd = (bytes: Uint8Array, nameEnd: number, end: number): number => {
  let i = nameEnd + 2;
  if (i >= end || bytes[nameEnd] !== 58 || bytes[nameEnd + 1] !== 32 || bytes[i] === 32) return -1;
  // The one loop that sees every byte.
  while (i < end && (bytes[i] as number) > 13) i++;
  if (i + 2 >= end || bytes[i] !== 13 || bytes[i + 1] !== 10 || bytes[i - 1] === 32) return -1;
  const next = bytes[i + 2];
  return next === 32 || next === 9 ? -1 : i;
};

/** Where field tables are put together, before they are copied out: an array that grows costs more than all the rest. */
const scratch: number[] = [];

/**
 * Finds the header field lines of the message that begins at `start`, up to the empty line. One pass over the bytes;
 * values are located, not read. Positions in the table count from `start`. Lines that are malformed stay in the table
 * as unknown fields, so that an answer can be built.
 */
export const scanFields = (bytes: Uint8Array, start: number, end: number, limits: Limits): FieldScan => {
  let size = 0;
  let problem: Problem | undefined;
  let lengthProblem: Problem | undefined;
  let contentLength = -1;
  let at = findLineEnd(bytes, start, end);
  if (at < 0) {
    problem = bareLineEnd;
    at = ~at;
  }
  let startLineLength = at - start;
  if (bytes[at - 1] === 10) startLineLength--;
  if (startLineLength > 0 && bytes[start + startLineLength - 1] === 13) startLineLength--;
  let bodyStart = -1;
  let lines = 0;
  let headEnd = Math.min(at, end);
  while (at < end) {
    const lineStart = at;
    const nameEnd = nameEndAt(bytes, at, end);
    let i = nameEnd;
    const first = bytes[at] as number;
    if (first === 10 || (first === 13 && bytes[at + 1] === 10)) {
      headEnd = at;
      bodyStart = first === 10 ? at + 1 : at + 2;
      if (first === 10) problem ??= bareLineEnd;
      break;
    }
    if (++lines > limits.fields) {
      problem ??= tooManyFields;
      headEnd = at;
      break;
    }
    let name: Name = Name.Unknown;
    let valueStart = nameEnd + 2;
    let valueEnd = plainValueEnd(bytes, nameEnd, end);
    if (valueEnd >= 0 && nameEnd > lineStart) {
      name = nameIn(bytes, lineStart, nameEnd);
      at = valueEnd + 2;
    } else {
      while (i < end && (bytes[i] === 32 || bytes[i] === 9)) i++;
      const wellFormed = i < end && bytes[i] === 58 && nameEnd > lineStart;
      // The line goes on while the next one begins with white space (RFC 3261 §7.3.1).
      at = i;
      do {
        at = findLineEnd(bytes, at, end);
        if (at < 0) {
          problem ??= bareLineEnd;
          at = ~at;
        }
      } while (at < end && (bytes[at] === 32 || bytes[at] === 9));
      valueStart = wellFormed ? i + 1 : lineStart;
      valueEnd = at;
      while (valueStart < valueEnd && isSpace(bytes[valueStart] as number)) valueStart++;
      if (valueStart === at) valueStart = valueEnd = Math.min(i + 1, at);
      while (valueEnd > valueStart && isSpace(bytes[valueEnd - 1] as number)) valueEnd--;
      if (wellFormed) name = nameIn(bytes, lineStart, nameEnd);
      else problem ??= badHeaderLine;
    }
    headEnd = at;
    scratch[size++] = name;
    scratch[size++] = lineStart - start;
    scratch[size++] = valueStart - start;
    scratch[size++] = valueEnd - start;
    if (name === Name.ContentLength) {
      const value = contentLengthOf(bytes, valueStart, valueEnd);
      if (contentLength >= 0) lengthProblem = doubleLength;
      if (value < 0) lengthProblem ??= badLength;
      else contentLength = value;
    }
  }
  const fields = scratch.slice(0, size);
  return { fields, startLineLength, headEnd, bodyStart, contentLength, problem, lengthProblem };
};
