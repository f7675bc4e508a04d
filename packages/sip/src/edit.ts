import { oneLine, skipSpace } from "./characters.ts";
import { stride } from "./fields.ts";
import { valueEndAt } from "./list.ts";
import type { Draft, Message } from "./message.ts";
import { Name, nameOf, nameText } from "./name.ts";

/** One header field line of ours. */
export const headerLine = (name: string, value: string): string => `${name}: ${oneLine(value)}\r\n`;

/** A line that is ours. */
class Written {
  readonly name: Name;
  readonly text: string;

  constructor(name: Name, text: string) {
    this.name = name;
    this.text = text;
  }
}

/** A line of the edited head: where it stands in the original's field table as long as nothing touched it. */
type Line = number | Written;

/** Above these lines a new line of that name is put where there is none yet: the order that RFC 3261 §7.3.1 recommends. */
const places: readonly Name[] = [Name.Via, Name.RecordRoute, Name.Route, Name.MaxForwards];

/** By name its place among those, from 1 on; 0: anywhere. */
const ranks = new Uint8Array(nameText.length);
for (const [index, name] of places.entries()) ranks[name] = index + 1;

const writtenLine = (name: Name | string, value: string): Written =>
  typeof name === "number"
    ? new Written(name, headerLine(nameText[name] as string, value))
    : new Written(nameOf(name), headerLine(name, value));

/**
 * An edited copy of a message's head. Lines that no edit names stay byte for byte and in order. Header fields are
 * given by number, or by text where the table does not know them. Each method but `draft` gives back the edit itself.
 */
export class Edit {
  readonly #message: Message;
  readonly #lines: Line[] = [];
  #startLine: string | undefined;
  #body: Uint8Array | undefined;

  constructor(message: Message) {
    this.#message = message;
    const { length } = message.fields;
    for (let i = 0; i < length; i += stride) this.#lines.push(i);
  }

  /** The new start line, without CRLF. */
  startLine(text: string): this {
    this.#startLine = `${oneLine(text)}\r\n`;
    return this;
  }

  /** A new Request-URI; the method stays. */
  requestUri(uri: string): this {
    const { head } = this.#message;
    return this.startLine(`${head.slice(0, head.indexOf(" "))} ${uri} SIP/2.0`);
  }

  /** A new line above the first of that name, or where such lines belong. */
  prepend(name: Name | string, value: string): this {
    const line = writtenLine(name, value);
    const first = this.#indexOf(name);
    this.#insert(first >= 0 ? first : this.#placeOf(line.name), line);
    return this;
  }

  /** A new line below the last of that name, or the last line of all. */
  append(name: Name | string, value: string): this {
    const line = writtenLine(name, value);
    let last = this.#lines.length - 1;
    while (last >= 0 && !this.#is(this.#lines[last] as Line, name)) last--;
    this.#insert(last < 0 ? this.#lines.length : last + 1, line);
    return this;
  }

  /** Replaces the first line of that name and drops the others; adds a line where there is none. */
  set(name: Name | string, value: string): this {
    const first = this.#indexOf(name);
    if (first < 0) return this.append(name, value);
    this.#lines[first] = writtenLine(name, value);
    for (let i = this.#lines.length - 1; i > first; i--) {
      if (this.#is(this.#lines[i] as Line, name)) this.#lines.splice(i, 1);
    }
    return this;
  }

  /** Drops every line of that name. */
  remove(name: Name | string): this {
    for (let i = this.#lines.length - 1; i >= 0; i--) {
      if (this.#is(this.#lines[i] as Line, name)) this.#lines.splice(i, 1);
    }
    return this;
  }

  /** Drops the first value of a list header field (Via, Route); what else its line holds stays as written. */
  removeTopValue(name: Name): this {
    const index = this.#indexOf(name);
    if (index < 0) return this;
    const rest = this.#restOf(this.#lines[index] as Line);
    if (rest === "") this.#lines.splice(index, 1);
    else this.#lines[index] = new Written(name, `${nameText[name]}: ${rest}`);
    return this;
  }

  /** Replaces the first value of a list header field; what else its line holds stays as written. */
  replaceTopValue(name: Name, value: string): this {
    const index = this.#indexOf(name);
    if (index < 0) return this;
    const rest = this.#restOf(this.#lines[index] as Line);
    this.#lines[index] =
      rest === "" ? writtenLine(name, value) : new Written(name, `${nameText[name]}: ${oneLine(value)}, ${rest}`);
    return this;
  }

  /** A new body; Content-Length follows, Content-Type where it is given. An empty body loses its Content-Type. */
  body(body: Uint8Array, contentType?: string): this {
    this.#body = body;
    if (body.length === 0) this.remove(Name.ContentType);
    else if (contentType !== undefined) this.set(Name.ContentType, contentType);
    return this.set(Name.ContentLength, String(body.length));
  }

  /** The edited message. A Content-Length is added where there is none: it may leave over a stream (§18.3). */
  draft(): Draft {
    const { head, fields } = this.#message;
    const body = this.#body ?? this.#message.body;
    const lines = this.#lines;
    const headerStart = fields[1] ?? head.length;
    let out = this.#startLine ?? "";
    // Neighbours that nothing touched are copied as one run.
    let from = this.#startLine === undefined ? 0 : headerStart;
    let to = headerStart;
    let hasLength = false;
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i] as Line;
      if (this.#nameOf(line) === Name.ContentLength) hasLength = true;
      if (typeof line === "number") {
        const start = fields[line + 1] as number;
        if (start !== to) {
          if (to > from) out += head.slice(from, to);
          from = start;
        }
        to = fields[line + stride + 1] ?? head.length;
      } else {
        if (to > from) out += head.slice(from, to);
        out += line.text;
        from = to;
      }
    }
    if (to > from) out += head.slice(from, to);
    if (!hasLength) out += `Content-Length: ${body.length}\r\n`;
    return { head: out, body };
  }

  #nameOf(line: Line): Name {
    return typeof line === "number" ? (this.#message.fields[line] as number) : line.name;
  }

  /** As `splice` does, which costs more than the whole line. */
  #insert(place: number, line: Line): void {
    const lines = this.#lines;
    lines.push(line);
    for (let i = lines.length - 1; i > place; i--) lines[i] = lines[i - 1] as Line;
    lines[place] = line;
  }

  #is(line: Line, name: Name | string): boolean {
    if (typeof name === "number") return this.#nameOf(line) === name;
    const number = nameOf(name);
    if (number !== Name.Unknown) return this.#nameOf(line) === number;
    return this.#nameOf(line) === Name.Unknown && this.#unknownName(line) === name.toLowerCase();
  }

  #unknownName(line: Line): string {
    const text = this.#textOf(line);
    return text.slice(0, text.indexOf(":")).trimEnd().toLowerCase();
  }

  #indexOf(name: Name | string): number {
    const lines = this.#lines;
    for (let i = 0; i < lines.length; i++) if (this.#is(lines[i] as Line, name)) return i;
    return -1;
  }

  #placeOf(name: Name): number {
    const lines = this.#lines;
    const rank = ranks[name] as number;
    if (rank === 0) return lines.length;
    let place = 0;
    for (let i = 0; i < lines.length; i++) {
      const other = ranks[this.#nameOf(lines[i] as Line)] as number;
      if (other > 0 && other < rank) place = i + 1;
    }
    return place;
  }

  #textOf(line: Line): string {
    if (typeof line !== "number") return line.text;
    const { head, fields } = this.#message;
    return head.slice(fields[line + 1], fields[line + stride + 1] ?? head.length);
  }

  /** What stands on a list header's line after its first value, CRLF included; "" where that was the only one. */
  #restOf(line: Line): string {
    if (typeof line === "number") {
      const { head, fields } = this.#message;
      const comma = head.indexOf(",", fields[line + 2]);
      if (comma < 0 || comma >= (fields[line + 3] as number)) return "";
    }
    const text = this.#textOf(line);
    let at = text.indexOf(":") + 1;
    // Empty values before the first one are none.
    at = skipSpace(text, at);
    while (text.charCodeAt(at) === 44) at = skipSpace(text, at + 1);
    let comma = valueEndAt(text, at, text.length);
    while (text.charCodeAt(comma) === 44) comma = skipSpace(text, comma + 1);
    return comma >= text.length ? "" : text.slice(comma);
  }
}
