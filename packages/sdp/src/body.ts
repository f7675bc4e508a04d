/** Where in a message body the session description stands, in octets. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

const CR = 0x0d;
const LF = 0x0a;

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
}

function mediaType(contentType: string): string {
  // RFC 3261 §25.1 allows space around the slash.
  const [type = "", subtype = ""] = (contentType.split(";", 1)[0] ?? "").split("/", 2);
  return `${type.trim()}/${subtype.trim()}`.toLowerCase();
}

/** RFC 2046 §5.1.1: the boundary parameter, at most 70 characters. */
function boundaryOf(contentType: string): string | undefined {
  const [, quoted, token] = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
  return quoted ?? token;
}

/** Offsets of each delimiter line: where it starts, and where the line after it starts. */
function delimiters(body: Uint8Array, boundary: string): { start: number; next: number; last: boolean }[] {
  const found: { start: number; next: number; last: boolean }[] = [];
  const dashed = `--${boundary}`;
  let start = 0;
  while (start < body.length) {
    const feed = body.indexOf(LF, start);
    const next = feed < 0 ? body.length : feed + 1;
    const line = latin1(body, start, Math.min(next, start + dashed.length + 8)).trimEnd();
    if (line === dashed || line === `${dashed}--`)
      found.push({ start, next, last: line.endsWith("--") && line !== dashed });
    start = next;
  }
  return found;
}

function partOf(body: Uint8Array, start: number, end: number): { type: string; encoded: boolean; start: number } {
  let type = "text/plain";
  let encoded = false;
  let at = start;
  while (at < end) {
    const feed = body.indexOf(LF, at);
    const next = feed < 0 || feed >= end ? end : feed + 1;
    const line = latin1(body, at, next).trimEnd();
    at = next;
    if (line === "") break;
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === "content-type" || name === "c") type = mediaType(value);
    if (name === "content-transfer-encoding") encoded ||= !["7bit", "8bit", "binary"].includes(value.toLowerCase());
    if (name === "content-encoding" || name === "e") encoded ||= value.toLowerCase() !== "identity";
  }
  return { type, encoded, start: at };
}

/**
 * Finds the session description in a message body: all of an `application/sdp` body, or the first such part of a
 * multipart one (RFC 5621 §3.1). Undefined for every other body, and for a part that is encoded (base64, gzip): these
 * pass as they are.
 *
 * @param contentType the value of the message's Content-Type
 */
export function sdpPart(contentType: string, body: Uint8Array): Part | undefined {
  const type = mediaType(contentType);
  if (type === "application/sdp") return { start: 0, end: body.length };
  if (!type.startsWith("multipart/")) return undefined;
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) return undefined;
  const marks = delimiters(body, boundary);
  for (const [index, mark] of marks.entries()) {
    const following = marks[index + 1];
    if (mark.last || following === undefined) return undefined;
    // The line ending before a delimiter belongs to the delimiter (RFC 2046 §5.1.1).
    let end = following.start;
    if (end > mark.next && body[end - 1] === LF) end--;
    if (end > mark.next && body[end - 1] === CR) end--;
    const part = partOf(body, mark.next, end);
    if (part.type === "application/sdp" && !part.encoded) return { start: Math.min(part.start, end), end };
  }
  return undefined;
}

/** The body with another session description in the place of the one found. */
export function replacePart(body: Uint8Array, part: Part, replacement: Uint8Array): Uint8Array {
  if (part.start === 0 && part.end === body.length) return replacement;
  const result = new Uint8Array(part.start + replacement.length + (body.length - part.end));
  result.set(body.subarray(0, part.start));
  result.set(replacement, part.start);
  result.set(body.subarray(part.end), part.start + replacement.length);
  return result;
}
