import { z } from "zod";

const marks = z.registry<{ secret: true }>();

/** Marks a schema as a secret: printed as `•••`, and never shown in an error. */
export function secret<S extends z.ZodType>(schema: S): S {
  marks.add(schema, { secret: true });
  return schema;
}

export function isSecret(schema: z.core.$ZodType): boolean {
  return marks.has(schema as z.ZodType);
}
