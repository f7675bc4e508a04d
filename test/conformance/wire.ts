import assert from "node:assert/strict";

/** A message cut into lines without looking into them; on purpose without our own SIP stack. All text is latin1. */
export interface Wire {
  readonly startLine: string;
  /** Header field lines as they stand, folded ones with their line breaks, each without its last CRLF. */
  readonly lines: readonly string[];
  readonly body: string;
}

const COMPACT: Readonly<Record<string, string>> = { v: "via", f: "from", t: "to", i: "call-id", l: "content-length" };

/** What a proxy must change (RFC 3261 section 16.6): its Via, Record-Route, Route, Max-Forwards, and a missing length. */
const EDITED = ["via", "record-route", "route", "max-forwards"];

export function cut(message: string): Wire {
  const end = message.indexOf("\r\n\r\n");
  const head = end < 0 ? message : message.slice(0, end);
  const [startLine = "", ...lines] = head.split(/\r\n(?![ \t])/);
  return { startLine, lines, body: end < 0 ? "" : message.slice(end + 4) };
}

/** The name of a header field line: lower case, the long form. */
export function nameOf(line: string): string {
  const name = line.slice(0, line.indexOf(":")).trim().toLowerCase();
  return COMPACT[name] ?? name;
}

export function named({ lines }: Wire, name: string): string[] {
  return lines.filter((line) => nameOf(line) === name);
}

/** The value of the first such line, unfolded and trimmed. */
export function valueIn(wire: Wire, name: string): string | undefined {
  const [line] = named(wire, name);
  return line
    ?.slice(line.indexOf(":") + 1)
    .replaceAll("\r\n", "")
    .trim();
}

/** The body that a sender meant: over UDP, octets beyond Content-Length are none (RFC 3261 section 18.3). */
export function bodyOf(wire: Wire): string {
  const length = valueIn(wire, "content-length");
  return length === undefined ? wire.body : wire.body.slice(0, Number(length));
}

/** Asserts that the copy is the sent message but for the edits that a proxy must make. */
export function assertForwarded(sent: Wire, copy: Wire): void {
  assert.equal(copy.startLine, sent.startLine, "the request line");
  assertSame(sent, copy, EDITED);
  const vias = named(copy, "via").flatMap(listed);
  const own = vias.length - named(sent, "via").flatMap(listed).length;
  assert.equal(own, 1, "one Via is added");
  const [first = "", ...others] = vias.slice(own).map(spaceless);
  const [top = "", ...below] = named(sent, "via").flatMap(listed).map(spaceless);
  assert.deepEqual(others, below, "the Via values below the topmost one");
  assert.equal(withoutSource(first), withoutSource(top), "the topmost Via but for received and rport");
  const hops = Number(valueIn(sent, "max-forwards") ?? 71);
  assert.equal(Number(valueIn(copy, "max-forwards")), hops - 1, "Max-Forwards");
}

/**
 * Asserts that the copy is the sent response but for the topmost Via, and for our Record-Route value where the caller
 * reaches us by another transport than the callee (RFC 3261 section 16.7 item 8).
 */
export function assertReturned(sent: Wire, copy: Wire): void {
  assert.equal(copy.startLine, sent.startLine, "the status line");
  assertSame(sent, copy, ["via", "record-route"]);
  const routes = (wire: Wire) => named(wire, "record-route").map((line) => line.replaceAll(";transport=tcp", ""));
  assert.deepEqual(routes(copy), routes(sent), "the Record-Route values");
  const vias = named(sent, "via").flatMap(listed).map(spaceless);
  assert.deepEqual(named(copy, "via").flatMap(listed).map(spaceless), vias.slice(1), "the Via values");
}

function assertSame(sent: Wire, copy: Wire, edited: readonly string[]): void {
  const kept = (wire: Wire) => wire.lines.filter((line) => !edited.includes(nameOf(line)));
  const before = kept(sent);
  const after = kept(copy);
  if (named(sent, "content-length").length === 0) {
    const added = after.findIndex((line) => nameOf(line) === "content-length");
    if (added >= 0) after.splice(added, 1);
  }
  assert.deepEqual(after, before, "the header field lines that a proxy has no business with");
  assert.equal(copy.body, bodyOf(sent), "the body");
}

/** The values of a Via line. None of the messages here has a comma inside one. */
function listed(line: string): string[] {
  return line
    .slice(line.indexOf(":") + 1)
    .split(",")
    .filter((value) => value.trim() !== "");
}

const spaceless = (value: string): string => value.replaceAll(/\s+/g, "");

const withoutSource = (via: string): string => via.replaceAll(/;(?:received|rport)(?:=[^;]*)?/gi, "");
