import { type FieldScan, scanFields, stride } from "./fields.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { type Decode, type Draft, type Message, noBody, Request, Response, type Source } from "./message.ts";
import { badRequest, dropped, type Problem } from "./problem.ts";
import { readStartLine, type StartLine } from "./start-line.ts";

/** What became of bytes that should be one message. */
export type ParseResult =
  | { readonly ok: true; readonly message: Message /** Bytes used. */; readonly consumed: number }
  | Refused;

export interface Refused {
  readonly ok: false;
  readonly problem: Problem;
  /** Where there is one, it is enough to build an answer from; it may lack anything. */
  readonly message?: Message;
}

export const notSip: Problem = { status: 0, reason: "not SIP", code: "not-sip" };

const build = (line: StartLine, head: string, fields: readonly number[], source: Source): Message =>
  line.kind === "request"
    ? new Request(head, fields, source, line.method, line.uri)
    : new Response(head, fields, source, line.status, line.reason);

/** A head of which every line ends in CRLF: what an answer to a malformed one is built from. */
const mended = (head: string): string => {
  const text = head.replaceAll("\r\n", "\n").replaceAll("\r", " ").replaceAll("\n", "\r\n");
  return text.endsWith("\r\n") ? text : `${text}\r\n`;
};

const codesOf = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
};

export interface ParsedHead extends FieldScan {
  readonly line: StartLine;
  readonly head: string;
}

/** Reads the head that begins at `start`; undefined where it is no SIP. */
export const parseHead = (
  bytes: Uint8Array,
  start: number,
  end: number,
  decode: Decode,
  limits: Limits,
): ParsedHead | undefined => {
  const scan = scanFields(bytes, start, end, limits);
  const head = decode(bytes, start, scan.headEnd);
  const line = readStartLine(head.slice(0, scan.startLineLength));
  if (line === undefined) return undefined;
  const { fields, startLineLength, headEnd, bodyStart, contentLength, lengthProblem } = scan;
  const problem = line.problem ?? scan.problem;
  return { line, head, fields, startLineLength, headEnd, bodyStart, contentLength, problem, lengthProblem };
};

/** The refusal of a message whose head was read, with what can be said of it. */
export const refuse = (parsed: ParsedHead, problem: Problem, limits: Limits): Refused => {
  const head = mended(parsed.head);
  const bytes = codesOf(head);
  const { fields } = scanFields(bytes, 0, head.length, limits);
  const source = { bytes, start: 0, bodyBytes: noBody, bodyStart: 0, end: 0 };
  const message = build(parsed.line, head, fields, source);
  return { ok: false, problem: message.kind === "response" ? dropped(problem) : problem, message };
};

export const accept = (parsed: ParsedHead, source: Source): Message =>
  build(parsed.line, parsed.head, parsed.fields, source);

/** The position after the empty line that ends the head which begins at `start`, or -1. Looks from `from` on. */
export const findHeadEnd = (bytes: Uint8Array, start: number, from: number, end: number): number => {
  for (let i = bytes.indexOf(10, from); i >= 0 && i < end; i = bytes.indexOf(10, i + 1)) {
    const before = bytes[i - 1] === 13 ? i - 2 : i - 1;
    if (before >= start && bytes[before] === 10) return i + 1;
  }
  return -1;
};

const unterminated = badRequest("unterminated-head", "Bad Request - no empty line after the header fields");
const headTooLarge = badRequest("head-too-large", "Bad Request - header fields too large");
const shortBody = badRequest("short-body", "Bad Request - Content-Length beyond the end of the datagram");
const bodyTooLarge: Problem = { status: 413, reason: "Request Entity Too Large", code: "body-too-large" };
export const sizeProblems = { headTooLarge, bodyTooLarge } as const;

/** Bytes that keep a NAT binding open and say nothing: CRLFs (RFC 5626 §3.5.1), zero bytes, nothing. */
const isKeepAlive = (bytes: Uint8Array): boolean => {
  if (bytes.length > 64) return false;
  for (const byte of bytes) if (byte !== 13 && byte !== 10 && byte !== 0 && byte !== 32) return false;
  return true;
};

const keepAlive = { ok: true, keepAlive: true } as const;

/**
 * Reads one datagram (RFC 3261 §18.3): what follows the Content-Length is left out; without one the body goes to the
 * end. Never throws. What it accepts has a well-formed frame; {@link validate} looks at the values.
 */
export const parseDatagram = (
  bytes: Uint8Array,
  decode: Decode,
  limits: Limits = defaultLimits,
): ParseResult | { readonly ok: true; readonly keepAlive: true } => {
  const length = bytes.length;
  let start = 0;
  while (start < length && (bytes[start] === 13 || bytes[start] === 10)) start++;
  if (length - start < 16) return isKeepAlive(bytes) ? keepAlive : { ok: false, problem: notSip };
  const parsed = parseHead(bytes, start, length, decode, limits);
  if (parsed === undefined) return isKeepAlive(bytes) ? keepAlive : { ok: false, problem: notSip };
  const { bodyStart, headEnd } = parsed;
  const available = length - bodyStart;
  const bodyLength = parsed.contentLength < 0 ? available : parsed.contentLength;
  let problem = parsed.problem ?? parsed.lengthProblem;
  if (bodyStart < 0) problem ??= unterminated;
  if (headEnd - start > limits.head) problem ??= headTooLarge;
  if (bodyLength > available) problem ??= shortBody;
  if (bodyLength > limits.body) problem ??= bodyTooLarge;
  if (problem !== undefined) return refuse(parsed, problem, limits);
  const end = bodyStart + bodyLength;
  return { ok: true, message: accept(parsed, { bytes, start, bodyBytes: bytes, bodyStart, end }), consumed: end };
};

/** Rebuilds a message from its bytes and the field table that its first parse made. Both are trusted to fit. */
export const fromFields = (raw: Uint8Array, fields: readonly number[], decode: Decode): Message => {
  const last = fields.length - stride;
  const startLineEnd = fields.length === 0 ? -1 : (fields[1] as number) - 2;
  const from = last < 0 ? 0 : (fields[last + 3] as number);
  // From the end of the last value there is only white space up to the empty line.
  const bodyStart = findHeadEnd(raw, 0, from, raw.length);
  const head = decode(raw, 0, bodyStart - 2);
  const line = readStartLine(startLineEnd < 0 ? head.slice(0, -2) : head.slice(0, startLineEnd));
  if (line === undefined) throw new RangeError("the bytes are not those of the field table");
  return build(line, head, fields, { bytes: raw, start: 0, bodyBytes: raw, bodyStart, end: raw.length });
};

/** A message that we built, read as one that was received. */
export const fromDraft = (draft: Draft): Message => {
  const bytes = codesOf(draft.head);
  const limits = { head: Number.POSITIVE_INFINITY, fields: Number.POSITIVE_INFINITY, body: 0 };
  const parsed = parseHead(bytes, 0, bytes.length, () => draft.head, limits);
  if (parsed === undefined) throw new RangeError("the draft has no start line");
  return accept(parsed, { bytes, start: 0, bodyBytes: draft.body, bodyStart: 0, end: draft.body.length });
};
