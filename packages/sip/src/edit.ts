import { oneLine, skipSpace } from "./characters.ts";
import { stride } from "./fields.ts";
import { valueEndAt } from "./list.ts";
import type { Draft, Message } from "./message.ts";
import { Name, nameOf, nameText } from "./name.ts";

/** One header field line of ours. */
export const headerLine = (name: string, value: string): string => `${name}: ${oneLine(value)}\r\n`;

interface Line {
  readonly name: Name;
  /** Where the untouched line lies in the original head. */
  readonly start: number;
  readonly end: number;
  /** The line as it is now, where it was touched. */
  text: string | undefined;
}

/** Above these lines a new line of that name is put where there is none yet: the order that RFC 3261 §7.3.1 recommends. */
const places: readonly Name[] = [Name.Via, Name.RecordRoute, Name.Route, Name.MaxForwards];

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
    const { fields, head } = message;
    for (let i = 0; i < fields.length; i += stride) {
      this.#lines.push({
        name: fields[i] as number,
        start: fields[i + 1] as number,
        end: fields[i + stride + 1] ?? head.length,
        text: undefined,
      });
    }
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
    const line = this.#line(name, value);
    const first = this.#indexOf(name);
    this.#lines.splice(first >= 0 ? first : this.#placeOf(line.name), 0, line);
    return this;
  }

  /** A new line below the last of that name, or the last line of all. */
  append(name: Name | string, value: string): this {
    const line = this.#line(name, value);
    let last = this.#lines.length - 1;
    while (last >= 0 && !this.#is(this.#lines[last] as Line, name)) last--;
    this.#lines.splice(last < 0 ? this.#lines.length : last + 1, 0, line);
    return this;
  }

  /** Replaces the first line of that name and drops the others; adds a line where there is none. */
  set(name: Name | string, value: string): this {
    const first = this.#indexOf(name);
    if (first < 0) return this.append(name, value);
    (this.#lines[first] as Line).text = this.#line(name, value).text;
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
    else (this.#lines[index] as Line).text = `${nameText[name]}: ${rest}`;
    return this;
  }

  /** Replaces the first value of a list header field; what else its line holds stays as written. */
  replaceTopValue(name: Name, value: string): this {
    const index = this.#indexOf(name);
    if (index < 0) return this;
    const line = this.#lines[index] as Line;
    const rest = this.#restOf(line);
    line.text =
      rest === "" ? headerLine(nameText[name] as string, value) : `${nameText[name]}: ${oneLine(value)}, ${rest}`;
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
    const { head } = this.#message;
    const body = this.#body ?? this.#message.body;
    const lines = this.#lines;
    const headerStart = this.#message.fields[1] ?? head.length;
    let out = this.#startLine ?? "";
    // Neighbours that nothing touched are copied as one run.
    let from = this.#startLine === undefined ? 0 : headerStart;
    let to = headerStart;
    let hasLength = false;
    for (const { name, start, end, text } of lines) {
      if (name === Name.ContentLength) hasLength = true;
      if (text === undefined && start === to) {
        to = end;
        continue;
      }
      if (to > from) out += head.slice(from, to);
      if (text === undefined) {
        from = start;
        to = end;
      } else {
        out += text;
        from = to = end;
      }
    }
    if (to > from) out += head.slice(from, to);
    if (!hasLength) out += `Content-Length: ${body.length}\r\n`;
    return { head: out, body };
  }

  #line(name: Name | string, value: string): Line {
    const number = typeof name === "number" ? name : nameOf(name);
    const text = typeof name === "number" ? (nameText[name] as string) : name;
    return { name: number, start: 0, end: 0, text: headerLine(text, value) };
  }

  #is(line: Line, name: Name | string): boolean {
    if (typeof name === "number") return line.name === name;
    const number = nameOf(name);
    if (number !== Name.Unknown) return line.name === number;
    return line.name === Name.Unknown && this.#unknownName(line) === name.toLowerCase();
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
    const rank = places.indexOf(name);
    if (rank < 0) return this.#lines.length;
    let place = 0;
    for (const [index, line] of this.#lines.entries()) {
      const other = places.indexOf(line.name);
      if (other >= 0 && other < rank) place = index + 1;
    }
    return place;
  }

  #textOf(line: Line): string {
    return line.text ?? this.#message.head.slice(line.start, line.end);
  }

  /** What stands on a list header's line after its first value, CRLF included; "" where that was the only one. */
  #restOf(line: Line): string {
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
