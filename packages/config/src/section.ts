import type { z } from "zod";

/**
 * A part of the configuration that one component owns: its key in the file, and a zod object with a default and a
 * description for every key.
 */
export interface ConfigSection<C> {
  readonly name: string;
  readonly schema: z.ZodType<C>;
}

/** Names a section. `schema` is a `z.strictObject`, so that a misspelt key is an error. */
export function section<S extends z.ZodObject>(name: string, schema: S): ConfigSection<z.output<S>> {
  return { name, schema: schema as unknown as z.ZodType<z.output<S>> };
}

/** The values of a section when nothing is set. */
export function defaults<C>(of: ConfigSection<C>): C {
  return of.schema.parse({});
}
