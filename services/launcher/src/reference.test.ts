import assert from "node:assert/strict";
import { test } from "node:test";
import { contextCatalogue } from "@sipmesh/runtime";
import { telemetryCatalogue } from "@sipmesh/telemetry";
import { reference } from "./index.ts";
import { MODULES } from "./modules.ts";
import { processCatalogue } from "./process-metrics.ts";
import { referencePages } from "./reference.ts";

const catalogues = [
  ...MODULES.map(({ catalogue }) => catalogue),
  contextCatalogue,
  processCatalogue,
  telemetryCatalogue,
];

test("Every key, metric, span, attribute, subject and error code has words", () => {
  for (const [name, page] of reference()) {
    for (const line of page.split("\n")) {
      if (!line.startsWith("| `")) continue;
      const meaning = line
        .split(" | ")
        .at(-1)
        ?.replace(/<br>`SIPMESH_\w+`/, "")
        .replace(/\|$/, "")
        .trim();
      assert.notEqual(meaning, "", `${name}: ${line}`);
    }
  }
});

test("Metrics are named as Prometheus wants them, each once, with labels that are names", () => {
  const metrics = catalogues.flatMap((catalogue) => catalogue.metrics ?? []);
  assert.ok(metrics.length > 30);
  assert.equal(new Set(metrics.map(({ name }) => name)).size, metrics.length);
  for (const { name, labels, buckets } of metrics) {
    assert.match(name, /^sipmesh_[a-z0-9_]+$/);
    for (const label of labels ?? []) assert.match(label, /^[a-z_]+$/);
    assert.deepEqual(
      buckets,
      buckets?.toSorted((a, b) => a - b),
    );
  }
});

test("Spans, subjects and codes are named once, attributes alike wherever they are used", () => {
  for (const names of [
    catalogues.flatMap((catalogue) => (catalogue.spans ?? []).map(({ name }) => name)),
    catalogues.flatMap((catalogue) => (catalogue.subjects ?? []).map(({ name }) => name)),
    catalogues.flatMap((catalogue) => (catalogue.errors ?? []).map(({ code }) => code)),
  ]) {
    assert.equal(new Set(names).size, names.length, names.join(" "));
  }
  const attributes = [
    { name: "sip.call_id", help: "one" },
    { name: "sip.call_id", help: "another" },
  ];
  const parts = attributes.map((attribute) => ({ name: "edge", catalogue: { attributes: [attribute] } }));
  assert.throws(() => referencePages([], parts), /sip\.call_id has two meanings/);
});
