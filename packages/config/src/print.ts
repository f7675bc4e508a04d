import { stringify } from "yaml";
import type { z } from "zod";
import type { Config } from "./load.ts";
import { isSecret } from "./secret.ts";
import { unwrap } from "./walk.ts";

const HIDDEN = "•••";

/** The configuration in force, as YAML, secrets hidden. */
export function printConfig(config: Config): string {
  const shown: Record<string, unknown> = {};
  for (const section of config.sections) shown[section.name] = hide(section.schema, config.of(section));
  return stringify(shown, { lineWidth: 120 });
}

/** A copy in which every secret is `•••`. */
function hide(schema: z.core.$ZodType, value: unknown): unknown {
  if (value === undefined || value === null) return value;
  const inner = unwrap(schema) as z.core.$ZodTypes;
  if (isSecret(schema)) return HIDDEN;
  const def = inner._zod.def;
  switch (def.type) {
    case "object":
      if (typeof value !== "object") return value;
      return Object.fromEntries(
        Object.entries(value).map(([key, one]) => {
          const of = def.shape[key];
          return [key, of === undefined ? one : hide(of, one)];
        }),
      );
    case "array":
      return Array.isArray(value) ? value.map((one) => hide(def.element, one)) : value;
    case "record":
      if (typeof value !== "object") return value;
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, hide(def.valueType, one)]));
    case "union":
      // Whichever alternative it was: what one of them hides is hidden.
      return def.options.reduce((shown: unknown, option) => hide(option, shown), value);
    default:
      return value;
  }
}
