import { parse } from "yaml";
import type { z } from "zod";
import type { Problem } from "./problem.ts";
import { closest } from "./problem.ts";
import type { ConfigSection } from "./section.ts";
import { type Path, shapeOf, unwrap } from "./walk.ts";

const PREFIX = "SIPMESH_";

/** `edge.udpPort` is set by `SIPMESH_EDGE_UDP_PORT`. */
export function variableFor(path: Path): string {
  return (
    PREFIX +
    path
      .map((key) =>
        key
          .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
          .replace(/[^A-Za-z0-9]/g, "_")
          .toUpperCase(),
      )
      .join("_")
  );
}

/** Every key that the environment may set, objects included (as YAML), by variable name. */
function variables(sections: readonly ConfigSection<unknown>[]): Map<string, { path: Path; schema: z.core.$ZodType }> {
  const found = new Map<string, { path: Path; schema: z.core.$ZodType }>();
  const walk = (schema: z.core.$ZodType, path: Path) => {
    found.set(variableFor(path), { path, schema });
    for (const [name, inner] of Object.entries(shapeOf(schema) ?? {})) walk(inner, [...path, name]);
  };
  for (const section of sections) walk(section.schema, [section.name]);
  return found;
}

/**
 * Lays what the environment says over what the file says, and notes in `origins` which variable set which path.
 * Variables that begin with one of `ignore` belong to somebody else.
 */
export function applyEnvironment(
  values: Record<string, unknown>,
  sections: readonly ConfigSection<unknown>[],
  environment: Readonly<Record<string, string | undefined>>,
  ignore: readonly string[],
  origins: Map<string, string>,
): Problem[] {
  const known = variables(sections);
  const problems: Problem[] = [];
  const set = Object.keys(environment).filter(
    (name) => name.startsWith(PREFIX) && !ignore.some((i) => name.startsWith(i)),
  );
  // Short names first: an object that is set as a whole comes before its own keys.
  for (const name of set.sort((a, b) => a.length - b.length || (a < b ? -1 : 1))) {
    const text = environment[name];
    if (text === undefined) continue;
    const place = known.get(name);
    if (place === undefined) {
      const near = closest(name, [...known.keys()]);
      problems.push({
        path: name,
        problem: "unknown environment variable",
        expected:
          near === undefined
            ? `one of the keys that --print-config shows, as ${PREFIX}<SECTION>_<KEY>`
            : `did you mean ${near}?`,
      });
      continue;
    }
    try {
      put(values, place.path, isText(place.schema) ? text : parse(text));
      origins.set(place.path.join("."), name);
    } catch {
      problems.push({ path: name, problem: "is not valid YAML", expected: "a value as it would stand in the file" });
    }
  }
  return problems;
}

function isText(schema: z.core.$ZodType): boolean {
  const def = (unwrap(schema) as z.core.$ZodTypes)._zod.def;
  if (def.type === "enum") return Object.values(def.entries).every((value) => typeof value === "string");
  return def.type === "string";
}

function put(values: Record<string, unknown>, path: Path, value: unknown): void {
  let at = values;
  for (const key of path.slice(0, -1)) {
    const inner = at[key];
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) at[key] = {};
    at = at[key] as Record<string, unknown>;
  }
  at[path.at(-1) as string] = value;
}
