import { z } from "zod";

/** A place in the configuration: a section's name, then keys. */
export type Path = readonly string[];

/** One key as the schema describes it. */
export interface Key {
  readonly path: Path;
  readonly schema: z.core.$ZodType;
  readonly description: string;
  /** The value when nothing is set; undefined where there is none. */
  readonly default: unknown;
}

/** What a schema is wrapped around: a default, optional, readonly, a transformation; undefined where it is the core. */
export function innerOf(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const def = (schema as z.core.$ZodTypes)._zod.def;
  switch (def.type) {
    case "default":
    case "prefault":
    case "optional":
    case "nullable":
    case "readonly":
    case "nonoptional":
    case "catch":
      return def.innerType;
    case "pipe":
      return def.in;
    default:
      return undefined;
  }
}

/** The core of a schema, without what is wrapped around it. */
export function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const inner = innerOf(schema);
  return inner === undefined ? schema : unwrap(inner);
}

/** The keys of an object, or undefined where the schema is no object with fixed keys. */
export function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const def = (unwrap(schema) as z.core.$ZodTypes)._zod.def;
  return def.type === "object" ? def.shape : undefined;
}

/**
 * All keys that hold a value, in the order of the schema. Objects are walked into; a list or map is a key, and its
 * entries' keys follow as `list[].key` and `map.<name>.key`.
 */
export function* keysOf(schema: z.core.$ZodType, path: Path, value: unknown): Iterable<Key> {
  const shape = shapeOf(schema);
  if (shape === undefined || (path.length > 1 && value === undefined && !hasDefault(schema))) {
    yield { path, schema, description: descriptionOf(schema), default: value };
  }
  for (const [name, inner] of Object.entries(shape ?? {})) {
    yield* keysOf(inner, [...path, name], (value as Record<string, unknown> | undefined)?.[name]);
  }
  if (shape === undefined) yield* entryKeysOf(schema, path);
}

/** The keys of what a list, a map, or an alternative holds. */
function* entryKeysOf(schema: z.core.$ZodType, path: Path): Iterable<Key> {
  const def = (unwrap(schema) as z.core.$ZodTypes)._zod.def;
  const last = path.at(-1) ?? "";
  if (def.type === "array") yield* objectKeysOf(def.element, [...path.slice(0, -1), `${last}[]`]);
  if (def.type === "record") yield* objectKeysOf(def.valueType, [...path, "<name>"]);
  if (def.type === "union") for (const option of def.options) yield* entryKeysOf(option, path);
}

function* objectKeysOf(schema: z.core.$ZodType, path: Path): Iterable<Key> {
  for (const [name, inner] of Object.entries(shapeOf(schema) ?? {})) {
    const preset = (inner as z.ZodType).safeParse(undefined);
    yield* keysOf(inner, [...path, name], preset.success ? preset.data : undefined);
  }
}

function hasDefault(schema: z.core.$ZodType): boolean {
  return (schema as z.ZodType).safeParse(undefined).success;
}

/** The words of `.describe()`, wherever in the wrapping they were said. */
export function descriptionOf(schema: z.core.$ZodType): string {
  const said = z.globalRegistry.get(schema as z.ZodType)?.description;
  if (said !== undefined) return said;
  const inner = innerOf(schema);
  return inner === undefined ? "" : descriptionOf(inner);
}

/** The schema of what stands at `path` below `schema`, as far as the schema knows it. */
export function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let at: z.core.$ZodType | undefined = schema;
  for (const step of path) {
    if (at === undefined) return undefined;
    const def: z.core.$ZodTypes["_zod"]["def"] = (unwrap(at) as z.core.$ZodTypes)._zod.def;
    if (def.type === "object") at = def.shape[String(step)];
    else if (def.type === "array") at = def.element;
    else if (def.type === "record") at = def.valueType;
    else return undefined;
  }
  return at;
}

/** What stands at `path` in a value. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[step];
  }
  return at;
}
