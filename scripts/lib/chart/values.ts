import { parse } from "yaml";
import type { Schema } from "./schema.ts";

/** One value of the chart: where it is, its default, and the words above its key. */
export interface Value {
  readonly path: string;
  readonly preset: unknown;
  readonly meaning: string;
}

/** The comment above each key of a values.yaml, by path. Keys are indented by two. */
export function commentsOf(text: string): ReadonlyMap<string, string> {
  const comments = new Map<string, string>();
  const path: string[] = [];
  let above: string[] = [];
  for (const line of text.split("\n")) {
    const [, spaces = "", comment, key] = /^( *)(?:#\s?(.*)|([A-Za-z]\w*):.*)$/.exec(line) ?? [];
    if (comment !== undefined) above.push(comment);
    else {
      if (key !== undefined) {
        path.length = spaces.length / 2;
        path.push(key);
        if (above.length > 0) comments.set(path.join("."), above.join(" "));
      }
      above = [];
    }
  }
  return comments;
}

/**
 * The values that may be set, in the order of values.yaml.
 * @throws Error where schema, values and comments do not name the same keys
 */
export function valuesOf(text: string, schema: Schema): readonly Value[] {
  const comments = commentsOf(text);
  const found: Value[] = [];
  const problems: string[] = [];
  const walk = (value: unknown, of: Schema, path: readonly string[]): void => {
    const name = path.join(".");
    const inner = of.documentedIn === undefined ? of.properties : undefined;
    if (inner === undefined) {
      const meaning = comments.get(name);
      if (meaning === undefined) problems.push(`${name} has no comment`);
      found.push({ path: name, preset: value, meaning: meaning ?? "" });
      return;
    }
    const there = (value ?? {}) as Record<string, unknown>;
    for (const key of Object.keys(there))
      if (!(key in inner)) problems.push(`${[...path, key].join(".")} has no schema`);
    for (const key of Object.keys(inner))
      if (!(key in there)) problems.push(`${[...path, key].join(".")} has no default`);
    for (const [key, one] of Object.entries(there)) {
      const its = inner[key];
      if (its !== undefined) walk(one, its, [...path, key]);
    }
  };
  walk(parse(text), schema, []);
  if (problems.length > 0) throw new Error(`charts/sipmesh/values.yaml: ${problems.join("; ")}`);
  return found;
}
