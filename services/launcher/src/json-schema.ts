import type { ConfigSection } from "@sipmesh/config";
import { z } from "zod";

/** A JSON Schema (draft-07), as far as we look into it. */
export type JsonSchema = { readonly [key: string]: unknown };

/**
 * What may stand in each section, by its name: for editors and for the chart. Conditions between keys are not in it; the
 * program checks those.
 */
export function sectionSchemas(sections: readonly ConfigSection<unknown>[]): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(
    sections.map(({ name, schema }) => {
      const { $schema: _, ...rest } = z.toJSONSchema(schema, {
        target: "draft-7",
        io: "input",
        unrepresentable: "any",
        reused: "inline",
      });
      return [name, rest];
    }),
  );
}
