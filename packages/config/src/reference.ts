import type { z } from "zod";
import { variableFor } from "./environment.ts";
import { pathText } from "./explain.ts";
import type { ConfigSection } from "./section.ts";
import { keysOf, unwrap } from "./walk.ts";

/** The reference page of all sections, made from their schemas. */
export function configReference(sections: readonly ConfigSection<unknown>[]): string {
  return sections.map(sectionReference).join("\n");
}

function sectionReference(section: ConfigSection<unknown>): string {
  const lines = [`## ${section.name}`, "", "| key | default | meaning |", "| --- | --- | --- |"];
  for (const key of keysOf(section.schema, [section.name], section.schema.parse({}))) {
    const preset = key.default === undefined ? "" : `\`${JSON.stringify(key.default)}\``;
    const allowed = allowedValues(key.schema);
    const words = `${key.description}${allowed === "" ? "" : ` One of ${allowed}.`}`;
    // What stands in a list or map is set with it, as a whole.
    const single = !key.path.some((step) => step.endsWith("[]") || step.startsWith("<"));
    const meaning = single ? `${words}<br>\`${variableFor(key.path)}\`` : words;
    lines.push(`| \`${pathText(key.path)}\` | ${cell(preset)} | ${cell(meaning)} |`);
  }
  return `${lines.join("\n")}\n`;
}

function allowedValues(schema: z.core.$ZodType): string {
  const def = (unwrap(schema) as z.core.$ZodTypes)._zod.def;
  return def.type === "enum"
    ? Object.values(def.entries)
        .map((value) => `\`${value}\``)
        .join(", ")
    : "";
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
