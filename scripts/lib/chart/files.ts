import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Schema, valuesSchema } from "./schema.ts";
import { type Value, valuesOf } from "./values.ts";

const CHART = join("charts", "sipmesh");

/** What is made from values.yaml, its schema, and the configuration's: by path. */
export function chartFiles(root: string, sections: Readonly<Record<string, object>>): ReadonlyMap<string, string> {
  const text = readFileSync(join(root, CHART, "values.yaml"), "utf8");
  const schema = valuesSchema(sections);
  const values = valuesOf(text, schema);
  const meanings = new Map(values.map(({ path, meaning }) => [path, meaning]));
  return new Map([
    [join(CHART, "values.schema.json"), schemaFile(schema, meanings)],
    [join("docs", "reference", "chart.md"), page(values)],
  ]);
}

function schemaFile(schema: Schema, meanings: ReadonlyMap<string, string>): string {
  const described = describe(schema, [], meanings);
  return `${JSON.stringify({ $schema: "http://json-schema.org/draft-07/schema#", title: "sipmesh", ...described }, undefined, 2)}\n`;
}

function describe(schema: Schema, path: readonly string[], meanings: ReadonlyMap<string, string>): Schema {
  const { documentedIn, properties, ...rest } = schema;
  const description = meanings.get(path.join("."));
  return {
    ...rest,
    ...(description === undefined ? {} : { description }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, one]) => [key, describe(one, [...path, key], meanings)]),
          ),
        }),
  };
}

function page(values: readonly Value[]): string {
  const rows = values.map(
    ({ path, preset, meaning }) => `| \`${path}\` | \`${cell(JSON.stringify(preset))}\` | ${cell(meaning)} |\n`,
  );
  return `# Values of the chart

<!-- Made from charts/sipmesh/values.yaml by \`npm run generate\`; the tests check that it is current. -->

| value | default | meaning |
| --- | --- | --- |
${rows.join("")}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
