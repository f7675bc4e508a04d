import { z } from "zod";
import { innerOf } from "./walk.ts";

const marks = z.registry<{ secret: true }>();

/** Marks a schema as a secret: printed as `•••`, and never shown in an error. */
export function secret<S extends z.ZodType>(schema: S): S {
  marks.add(schema, { secret: true });
  return schema;
}

/** Whether it was marked, before or after it was given a default or a description. */
export function isSecret(schema: z.core.$ZodType): boolean {
  if (marks.get(schema as z.ZodType)?.secret === true) return true;
  const inner = innerOf(schema);
  return inner !== undefined && isSecret(inner);
}
