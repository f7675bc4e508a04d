import { type ConfigSection, configReference } from "@sipmesh/config";
import { type Catalogue, type MetricDefinition, metricKind } from "@sipmesh/telemetry";

/** What a reference page is made from: a part of the platform, its catalogue and its section. */
export interface Documented {
  readonly name: string;
  readonly catalogue: Catalogue;
}

const GENERATED = "<!-- Made from the source by `npm run generate`; the tests check that it is current. -->\n";

/** All pages of docs/reference, by file name. */
export function referencePages(
  sections: readonly ConfigSection<unknown>[],
  parts: readonly Documented[],
): ReadonlyMap<string, string> {
  return new Map([
    ["configuration.md", configurationPage(sections)],
    ["metrics.md", metricsPage(parts)],
    ["traces.md", tracesPage(parts)],
    ["subjects.md", subjectsPage(parts)],
    ["errors.md", errorsPage(parts)],
  ]);
}

function configurationPage(sections: readonly ConfigSection<unknown>[]): string {
  return `# Configuration reference

${GENERATED}
One YAML file (\`--config FILE\`), and the environment over it: the variable stands under each key; lists and maps are given
there as YAML. What is not set has its default. A wrong key or value is answered with exit code 78 and all that is wrong.

${configReference(sections)}`;
}

function metricsPage(parts: readonly Documented[]): string {
  const rows = parts.flatMap(({ name, catalogue }) =>
    (catalogue.metrics ?? []).map((metric) => metricRow(name, metric)),
  );
  return `# Metrics

${GENERATED}
At \`/metrics\` of the admin port, in Prometheus' text format.

| metric | kind | labels | from | meaning |
| --- | --- | --- | --- | --- |
${rows.join("")}`;
}

function metricRow(part: string, metric: MetricDefinition): string {
  const labels = (metric.labels ?? []).map((label) => `\`${label}\``).join(", ");
  return row(`\`${metric.name}\``, metricKind(metric), labels, part, metric.help);
}

function tracesPage(parts: readonly Documented[]): string {
  const spans = parts.flatMap(({ name, catalogue }) =>
    (catalogue.spans ?? []).map((span) => row(`\`${span.name}\``, span.kind ?? "internal", name, span.help)),
  );
  const attributes = unique(parts.flatMap(({ catalogue }) => catalogue.attributes ?? []));
  const events = unique(parts.flatMap(({ catalogue }) => catalogue.events ?? []));
  const pairs = (all: readonly { name: string; help: string }[]) =>
    all.map(({ name, help }) => row(`\`${name}\``, help)).join("");
  return `# Spans, attributes and events

${GENERATED}
## Spans

| span | kind | from | meaning |
| --- | --- | --- | --- |
${spans.join("")}
## Attributes

| attribute | meaning |
| --- | --- |
${pairs(attributes)}
## Events

| event | meaning |
| --- | --- |
${pairs(events)}`;
}

function subjectsPage(parts: readonly Documented[]): string {
  const subjects = parts.flatMap(({ name, catalogue }) =>
    (catalogue.subjects ?? []).map((subject) => row(`\`${subject.name}\``, name, subject.help)),
  );
  return `# Bus subjects

${GENERATED}
| subject | from | meaning |
| --- | --- | --- |
${subjects.join("")}`;
}

function errorsPage(parts: readonly Documented[]): string {
  const errors = parts.flatMap(({ name, catalogue }) =>
    (catalogue.errors ?? []).map((error) => row(`\`${error.code}\``, name, error.help)),
  );
  return `# Error codes

${GENERATED}
Stable codes in log lines, metric labels and spans.

| code | from | meaning |
| --- | --- | --- |
${errors.join("")}`;
}

/** Shared names stand once; two meanings of one name are a mistake. */
function unique<D extends { readonly name: string; readonly help: string }>(all: readonly D[]): readonly D[] {
  const byName = new Map<string, D>();
  for (const one of all) {
    const known = byName.get(one.name);
    if (known !== undefined && known.help !== one.help) throw new Error(`${one.name} has two meanings`);
    byName.set(one.name, one);
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
}
