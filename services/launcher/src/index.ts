import { contextCatalogue } from "@sipmesh/runtime";
import { type MetricDefinition, telemetryCatalogue } from "@sipmesh/telemetry";
import { SECTIONS } from "./configuration.ts";
import { type JsonSchema, sectionSchemas } from "./json-schema.ts";
import { MODULES } from "./modules.ts";
import { processCatalogue } from "./process-metrics.ts";
import { type Documented, referencePages } from "./reference.ts";

export type { JsonSchema } from "./json-schema.ts";

/** What may stand in each section of the configuration, as JSON Schema (draft-07). */
export function configurationSchema(): Readonly<Record<string, JsonSchema>> {
  return sectionSchemas(SECTIONS);
}

const PARTS: readonly Documented[] = [
  ...MODULES,
  { name: "runtime", catalogue: contextCatalogue },
  { name: "process", catalogue: processCatalogue },
  { name: "telemetry", catalogue: telemetryCatalogue },
];

/** Every metric that a process shows. */
export function metricDefinitions(): readonly MetricDefinition[] {
  return PARTS.flatMap(({ catalogue }) => catalogue.metrics ?? []);
}

/** The pages of docs/reference as the source has them, by file name. */
export function reference(): ReadonlyMap<string, string> {
  return referencePages(SECTIONS, PARTS);
}
