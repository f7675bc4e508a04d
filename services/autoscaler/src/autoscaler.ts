import type { Context, Service } from "@sipmesh/runtime";
import { type AutoscalerConfig, servingConfig } from "./config.ts";
import { DeletionCosts } from "./deletion-costs.ts";
import type { Kubernetes } from "./kubernetes.ts";
import { ranksOf } from "./ranks.ts";
import { Serving } from "./serving.ts";
import * as catalogue from "./telemetry.ts";
import { Volumes } from "./volumes.ts";

/** Starts the parts, wired. Fails where what must be configured is not. */
export function startAutoscaler(
  context: Context,
  config: AutoscalerConfig,
  kubernetesOf: (namespace: string) => Kubernetes,
): Service {
  const { clock, cluster, telemetry } = context;
  const { metrics, log } = telemetry;
  const { namespace, podSelector } = config;
  if (namespace === undefined) throw new Error("autoscaler.namespace must be set");
  const serving = config.serve ? servingConfig(config) : undefined;
  const kubernetes = kubernetesOf(namespace);
  const failures = metrics.counter(catalogue.failures);
  const failed = (what: catalogue.Failure) => (error: unknown) => {
    failures.with({ what }).add();
    log.warn({ err: error, what }, "something of the autoscaler did not work");
  };

  const volumes = new Volumes({
    context,
    window: config.window * 1000,
    staleAfter: config.staleAfter * 1000,
    failed: failed("report"),
  });
  const all = () => volumes.targets.map((target) => [target, volumes.of(target)] as const);
  const server =
    serving && new Serving({ kubernetes, clock, telemetry, source: volumes, config, names: serving, failed });
  const ranked = metrics.counter(catalogue.ranked);
  const costs =
    podSelector === undefined
      ? undefined
      : new DeletionCosts({
          kubernetes,
          clock,
          selector: podSelector,
          interval: config.rankInterval * 1000,
          mine: () => (cluster.instances("autoscaler")[0]?.id ?? cluster.self.id) === cluster.self.id,
          ranks: () => ranksOf(all().map(([, volume]) => volume)),
          written: (pods) => ranked.add(pods),
          failed: failed("rank"),
        });
  metrics.gauge(catalogue.heard, () => volumes.heard);
  metrics.gauge(catalogue.unknown, () => all().filter(([, { known }]) => !known).length);

  return {
    ready() {
      if (volumes.listening) return { ok: false, reason: "listening for who is there" };
      const problem = server?.problem ?? "";
      return problem === "" ? { ok: true } : { ok: false, reason: problem };
    },
    state: () => ({
      serves: server === undefined ? "nothing" : server.problem || "external.metrics.k8s.io",
      volume: Object.fromEntries(all()),
    }),
    async stop() {
      costs?.stop();
      volumes.stop();
      await server?.stop();
    },
  };
}
