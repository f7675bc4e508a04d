import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parser } from "@prometheus-io/lezer-promql";
import { missing } from "@sipmesh/drivers";
import { metricDefinitions } from "@sipmesh/launcher";
import { metricKind } from "@sipmesh/telemetry";
import { parseAllDocuments } from "yaml";
import { render } from "./helm.ts";

const HERE = new URL(".", import.meta.url).pathname;
const OPERATIONS = new URL("../../docs/operations.md", import.meta.url);

/** Labels that come with scraping and of histograms, not from us. */
const NOT_OURS = ["namespace", "service", "pod", "le"];

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: { readonly groups?: readonly { readonly rules: readonly Rule[] }[] };
}

/** The labels of each metric, by the name that it has in Prometheus. */
const known = new Map<string, readonly string[]>(
  metricDefinitions().flatMap((metric) => {
    const suffixes = metricKind(metric) === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    return suffixes.map((suffix) => [`${metric.name}${suffix}`, metric.labels ?? []] as const);
  }),
);

const objects = (...args: readonly string[]): Rendered[] => {
  const { text, refusal } = render(...args);
  assert.equal(refusal, "");
  return parseAllDocuments(text).flatMap((document) => (document.toJS() as Rendered | null) ?? []);
};

/** What is wrong with a query of Prometheus: its grammar, metrics that there are not, labels that they do not have. */
function problems(query: string): string[] {
  const found: string[] = [];
  const metrics: string[] = [];
  const labels: string[] = [];
  parser.parse(query).iterate({
    enter({ name, from, to }) {
      const text = query.slice(from, to);
      if (name === "⚠") found.push(`not PromQL at ${from}: ${query.slice(from, from + 30)}`);
      if (name === "Identifier" || name === "MetricIdentifier") metrics.push(text);
      if (name === "LabelName") labels.push(text);
    },
  });
  const ours = metrics.filter((metric) => metric.startsWith("sipmesh_"));
  if (ours.length === 0) found.push("no metric of ours");
  for (const metric of ours) if (!known.has(metric)) found.push(`no metric ${metric}`);
  const has = ours.flatMap((metric) => known.get(metric) ?? []);
  for (const label of labels)
    if (!NOT_OURS.includes(label) && !has.includes(label)) found.push(`no label ${label} of ${ours}`);
  return found;
}

describe("What the chart tells Prometheus and Grafana", { skip: missing("helm") }, () => {
  const guarded = ["-f", `${HERE}values/guarded.yaml`];

  it("a query is judged by the catalogue", () => {
    assert.deepEqual(problems('sum(rate(sipmesh_calls_total{outcome="failed", pod="p"}[5m])) > 0'), []);
    assert.deepEqual(problems("sum(sipmesh_calls)"), ["no metric sipmesh_calls"]);
    assert.deepEqual(problems('sipmesh_calls_total{how="x"}'), ["no label how of sipmesh_calls_total"]);
    assert.match(problems("sum(sipmesh_calls_total{) by").join(), /not PromQL/);
  });

  it("alerts ask for metrics that there are, of this release alone, and are explained", () => {
    const rule = objects(...guarded).find(({ kind }) => kind === "PrometheusRule");
    const rules = rule?.spec?.groups?.flatMap((group) => group.rules) ?? [];
    assert.ok(rules.length >= 10);
    const operations = readFileSync(OPERATIONS, "utf8");
    for (const { alert, expr, labels, annotations } of rules) {
      assert.deepEqual(problems(expr), [], alert);
      assert.doesNotMatch(expr, /RELEASE|CERTIFICATE_LEFT/, alert);
      const selectors = expr.match(/sipmesh_\w+(?:\{[^}]*\})?/g) ?? [];
      for (const selector of selectors)
        assert.match(selector, /namespace="phones", service="sipmesh-metrics"\}$/, `${alert}: ${selector}`);
      assert.match(labels.severity, /^(critical|warning|info)$/, alert);
      assert.ok(annotations.summary.length > 10 && annotations.description.length > 30, alert);
      assert.match(operations, new RegExp(`\`${alert}\``), `docs/operations.md does not tell of ${alert}`);
    }
  });

  it("the dashboard asks for metrics that there are", () => {
    const map = objects(...guarded).find(({ metadata }) => metadata.name === "sipmesh-dashboard");
    assert.equal(map?.metadata.labels.grafana_dashboard, "1");
    const dashboard = JSON.parse(map?.data?.["sipmesh.json"] ?? "") as {
      panels: { title: string; targets?: { expr: string }[] }[];
    };
    const targets = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
    assert.ok(targets.length >= 20);
    for (const { title, expr } of targets)
      assert.deepEqual(problems(expr.replaceAll("$__rate_interval", "5m")), [], title);
  });

  it("objects for the Prometheus operator are there where their kinds are, or as is said", () => {
    const kinds = (...args: string[]) =>
      objects(...args)
        .map(({ kind }) => kind)
        .filter((kind) => ["ServiceMonitor", "PrometheusRule"].includes(kind))
        .sort();
    const there = ["ServiceMonitor", "PrometheusRule"].flatMap((kind) => ["-a", `monitoring.coreos.com/v1/${kind}`]);
    assert.deepEqual(kinds(), []);
    assert.deepEqual(kinds(...there), ["PrometheusRule", "ServiceMonitor"]);
    assert.deepEqual(kinds(...there, "--set", "metrics.prometheusRule.enabled=false"), ["ServiceMonitor"]);
    assert.deepEqual(kinds("--set", "metrics.serviceMonitor.enabled=true"), ["ServiceMonitor"]);
    assert.equal(render(...there).text, render(...there).text);
  });
});
