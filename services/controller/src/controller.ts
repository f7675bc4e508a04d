import type { Context, Service } from "@sipmesh/runtime";
import type { Kubernetes, KubernetesService, Node } from "./kubernetes.ts";
import { nodePlace, placesOf, servicePlace } from "./places-of.ts";
import { Publisher } from "./publisher.ts";
import * as catalogue from "./telemetry.ts";

/** Starts the parts, wired. */
export function startController({ clock, cluster, store, telemetry }: Context, kubernetes: Kubernetes): Service {
  const { metrics, log } = telemetry;
  const failures = metrics.counter(catalogue.failures);
  const failed = (what: catalogue.Failure) => (error: unknown) => {
    failures.with({ what }).add();
    log.warn({ err: error, what }, "something of the controller did not work; trying on");
  };
  let nodes: readonly Node[] | undefined;
  let services: readonly KubernetesService[] | undefined;
  const written = metrics.counter(catalogue.written);
  const publisher = new Publisher({
    store,
    clock,
    // The first by name writes: two that each had read something else would write against one another.
    mine: () => (cluster.instances("controller")[0]?.id ?? cluster.self.id) === cluster.self.id,
    wrote: (values) => written.add(values),
    failed: failed("publish"),
  });
  const changed = () => {
    if (nodes !== undefined && services !== undefined) publisher.publish(placesOf(nodes, services));
  };
  const followed = [
    kubernetes.nodes((all) => {
      nodes = all;
      changed();
    }, failed("nodes")),
    kubernetes.services((all) => {
      services = all;
      changed();
    }, failed("services")),
    cluster.onChange(() => publisher.writerMayHaveChanged()),
  ];
  metrics.gauge(catalogue.followed, () => [
    { labels: { kind: "node" }, value: nodes?.length ?? 0 },
    { labels: { kind: "service" }, value: services?.length ?? 0 },
  ]);

  return {
    ready() {
      if (nodes === undefined) return { ok: false, reason: "the nodes are not known yet" };
      if (services === undefined) return { ok: false, reason: "the Services are not known yet" };
      return { ok: true };
    },
    state: () => ({
      published: publisher.published,
      nodes: Object.fromEntries((nodes ?? []).map((node) => [node.metadata?.name, nodePlace(node)])),
      services: Object.fromEntries((services ?? []).map((one) => [one.metadata?.name, servicePlace(one)])),
    }),
    async stop() {
      for (const one of followed) one.close();
      await publisher.stop();
    },
  };
}
