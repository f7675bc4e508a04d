import assert from "node:assert/strict";
import { test } from "node:test";
import { LABEL_SETS, Registry } from "./registry.ts";

const responses = { name: "sipmesh_responses_total", help: "Responses.", labels: ["class", "method"] };

test("The same definition and labels give the same counter, in whatever order the labels are named", () => {
  const registry = new Registry();
  const one = registry.counter(responses).with({ class: "2xx", method: "INVITE" });
  assert.equal(registry.counter(responses).with({ method: "INVITE", class: "2xx" }), one);
  one.add();
  one.add(2);
  assert.equal(registry.value("sipmesh_responses_total", { class: "2xx" }), 3);
  assert.equal(registry.value("sipmesh_responses_total", { class: "4xx" }), 0);
});

test("Label values beyond the bound are counted together, and none is lost", () => {
  const registry = new Registry();
  const counter = registry.counter({ name: "sipmesh_methods_total", help: "Methods.", labels: ["method"] });
  for (let n = 0; n < LABEL_SETS + 500; n += 1) counter.with({ method: `M${n}` }).add();
  assert.equal(registry.value("sipmesh_methods_total"), LABEL_SETS + 500);
  assert.equal(registry.value("sipmesh_methods_total", { method: "other" }), 500);
  assert.equal([...(registry.counters.get("sipmesh_methods_total")?.cells ?? [])].length, LABEL_SETS + 1);
});

test("A gauge is read when it is asked for", () => {
  const registry = new Registry();
  let length = 3;
  registry.gauge({ name: "sipmesh_queue", help: "Queue." }, () => length);
  assert.equal(registry.value("sipmesh_queue"), 3);
  length = 5;
  assert.equal(registry.value("sipmesh_queue"), 5);
});

test("A histogram puts a value into the first bucket whose bound it does not exceed", () => {
  const registry = new Registry();
  registry.histogram({ name: "sipmesh_seconds", help: "Time.", buckets: [0.1, 1] });
  const cell = registry.histograms.get("sipmesh_seconds")?.root;
  for (const value of [0.1, 0.2, 1, 7]) cell?.observe(value);
  assert.deepEqual(cell?.counts, [1, 2, 1]);
  assert.equal(cell?.count, 4);
  assert.equal(cell?.max, 7);
});
