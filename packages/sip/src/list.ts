import { skipSpace, trimEnd, unfold } from "./characters.ts";

/**
 * The end of the value that starts at `at`: the position of the next comma outside quotes and angle brackets, or `end`
 * (RFC 3261 §7.3.1).
 */
export const valueEndAt = (text: string, at: number, end: number): number => {
  const comma = text.indexOf(",", at);
  if (comma < 0 || comma >= end) return end;
  let quoted = false;
  let angled = false;
  for (let i = at; i < end; i++) {
    switch (text.charCodeAt(i)) {
      case 34:
        if (!angled) quoted = !quoted;
        break;
      case 92:
        if (quoted) i++;
        break;
      case 60:
        if (!quoted) angled = true;
        break;
      case 62:
        if (!quoted) angled = false;
        break;
      case 44:
        if (!quoted && !angled) return i;
        break;
    }
  }
  return end;
};

/** Adds the values of a comma-separated list to `into`, trimmed and unfolded; empty ones are left out. */
export const splitInto = (into: string[], text: string, start: number, end: number): void => {
  for (let at = start; at < end; ) {
    const stop = valueEndAt(text, at, end);
    const from = skipSpace(text, at, stop);
    const to = trimEnd(text, from, stop);
    if (to > from) into.push(unfold(text.slice(from, to)));
    at = stop + 1;
  }
};

/** The values of a comma-separated list, trimmed and unfolded. */
export const splitList = (text: string): string[] => {
  const values: string[] = [];
  splitInto(values, text, 0, text.length);
  return values;
};
