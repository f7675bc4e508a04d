import type { Section } from "./description.ts";
import type { Line } from "./line.ts";

/** The name of an attribute line (RFC 8866 §5.13): `a=<name>` or `a=<name>:<value>`; empty for other lines. */
export function attributeName(line: Line): string {
  if (line.type !== "a") return "";
  const colon = line.value.indexOf(":");
  return (colon < 0 ? line.value : line.value.slice(0, colon)).trimEnd();
}

/** What stands after the colon; empty where there is none. */
export function attributeValue(line: Line): string {
  const colon = line.value.indexOf(":");
  return colon < 0 ? "" : line.value.slice(colon + 1);
}

/** The value of the first attribute of that name; empty for a property attribute; undefined where there is none. */
export function attribute(section: Section, name: string): string | undefined {
  const line = section.find((candidate) => attributeName(candidate) === name);
  return line === undefined ? undefined : attributeValue(line);
}
