/** One line of a session description (RFC 8866 §5): `<type>=<value>`. */
export interface Line {
  /** The character before "="; empty where the line is not of that form. */
  readonly type: string;
  readonly value: string;
  /** The line as it was received, with its line ending: what is not rewritten leaves as it came. */
  readonly raw: string;
}

const CR = 0x0d;
const LF = 0x0a;

function lineOf(raw: string): Line {
  let end = raw.length;
  if (end > 0 && raw.charCodeAt(end - 1) === LF) end--;
  if (end > 0 && raw.charCodeAt(end - 1) === CR) end--;
  if (end < 2 || raw[1] !== "=") return { type: "", value: raw.slice(0, end), raw };
  return { type: raw.slice(0, 1), value: raw.slice(2, end), raw };
}

/** Splits at LF or CRLF (RFC 8866 §5 asks receivers to take both); a last line without an ending is a line too. */
export function splitLines(text: string): Line[] {
  const lines: Line[] = [];
  let start = 0;
  while (start < text.length) {
    const feed = text.indexOf("\n", start);
    const next = feed < 0 ? text.length : feed + 1;
    lines.push(lineOf(text.slice(start, next)));
    start = next;
  }
  return lines;
}

/** A line of our own, ended as RFC 8866 §5 asks. */
export function newLine(type: string, value: string): Line {
  return { type, value, raw: `${type}=${value}\r\n` };
}

/** The line with another value; its line ending stays. */
export function withValue(line: Line, value: string): Line {
  if (value === line.value) return line;
  const ending = line.raw.slice(line.type.length + 1 + line.value.length);
  return { type: line.type, value, raw: `${line.type}=${value}${ending}` };
}
