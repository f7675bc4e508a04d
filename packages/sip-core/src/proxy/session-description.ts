import { type Message, Name } from "@sipmesh/sip";

/** Where in a body its session description stands (RFC 3261 section 13.2.1, RFC 5621 for multipart bodies). */
export interface DescriptionPart {
  readonly start: number;
  readonly end: number;
}

/** The session description of a message; undefined where it has none that we can read. */
export function descriptionIn(message: Message): DescriptionPart | undefined {
  const { body } = message;
  if (body.length === 0) return undefined;
  const type = message.first(Name.ContentType)?.trim();
  if (type === undefined) return undefined;
  const encoding = message.first(Name.ContentEncoding);
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") return undefined;
  if (isSdp(type)) return { start: 0, end: body.length };
  const boundary = multipartBoundary(type);
  return boundary === undefined ? undefined : partWithin(body, boundary);
}

/** The body with its session description replaced, everything around it untouched. */
export function withDescription(body: Uint8Array, part: DescriptionPart, sdp: Uint8Array): Uint8Array {
  if (part.start === 0 && part.end === body.length) return sdp;
  const result = new Uint8Array(part.start + sdp.length + body.length - part.end);
  result.set(body.subarray(0, part.start), 0);
  result.set(sdp, part.start);
  result.set(body.subarray(part.end), part.start + sdp.length);
  return result;
}

function isSdp(type: string): boolean {
  return /^application\s*\/\s*sdp\s*(;|$)/i.test(type);
}

function multipartBoundary(type: string): string | undefined {
  if (!/^multipart\s*\//i.test(type)) return undefined;
  const found = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type);
  return found?.[1] ?? found?.[2];
}

/** RFC 2046 section 5.1.1: the line break before a delimiter belongs to the delimiter. */
function partWithin(body: Uint8Array, boundary: string): DescriptionPart | undefined {
  const delimiter = bytesOf(`--${boundary}`);
  let at =
    body.length >= delimiter.length && startsWith(body, delimiter, 0)
      ? 0
      : indexOf(body, bytesOf(`\r\n--${boundary}`), 0);
  const between = bytesOf(`\r\n--${boundary}`);
  while (at >= 0) {
    const head = indexOf(body, lineBreak, at + (at === 0 ? 0 : 2));
    const blank = head < 0 ? -1 : indexOf(body, blankLine, head);
    const next = head < 0 ? -1 : indexOf(body, between, head);
    if (next < 0) return undefined;
    if (blank >= 0 && blank < next && partIsSdp(body, head, blank))
      return { start: blank + blankLine.length, end: next };
    at = next;
  }
  return undefined;
}

function partIsSdp(body: Uint8Array, start: number, end: number): boolean {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(body[i] ?? 0);
  return /^content-type[ \t]*:[ \t]*application\/sdp[ \t]*(;|\r|$)/im.test(text) && !/^content-encoding/im.test(text);
}

const lineBreak = bytesOf("\r\n");
const blankLine = bytesOf("\r\n\r\n");

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function startsWith(bytes: Uint8Array, what: Uint8Array, at: number): boolean {
  for (let i = 0; i < what.length; i++) if (bytes[at + i] !== what[i]) return false;
  return true;
}

function indexOf(bytes: Uint8Array, what: Uint8Array, from: number): number {
  const first = what[0] ?? 0;
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (at + what.length <= bytes.length && startsWith(bytes, what, at)) return at;
  }
  return -1;
}

/** Two descriptions are the same octets. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && startsWith(a, b, 0);
}
