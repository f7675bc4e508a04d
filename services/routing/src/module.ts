import { section } from "@sipmesh/config";
import { DirectoryService } from "@sipmesh/proto/directory";
import { LocationService } from "@sipmesh/proto/location";
import { RoutingService } from "@sipmesh/proto/routing";
import { counted, type Module } from "@sipmesh/runtime";
import { AnswerCache } from "./answer-cache.ts";
import { Asker } from "./answers.ts";
import { type RoutingConfig, schema } from "./config.ts";
import type { Subscriber } from "./decision/facts.ts";
import { planFrom } from "./decision/plan.ts";
import { Domains } from "./domains.ts";
import { edgesFrom } from "./edges.ts";
import { Locator } from "./locate/locate.ts";
import { Names } from "./locate/names.ts";
import { Router } from "./router.ts";
import * as catalogue from "./telemetry.ts";

/** What becomes of a request outside a dialog, and where messages go (RFC 3263). */
export const routing: Module<RoutingConfig> = {
  name: "routing",
  needs: ["directory", "location"],
  section: section("routing", schema),
  catalogue: catalogue.catalogue,

  async start(context, config) {
    const { clock, cluster, network, random, rpc, telemetry } = context;
    const directory = rpc.client("directory", DirectoryService);
    const location = rpc.client("location", LocationService);
    const subscribers = new AnswerCache<Subscriber | null>(clock, config.cacheSize);
    const names = new Names(network.resolver, clock, config.dns);
    const edges = () => edgesFrom(cluster.instances("edge"), network.ownAddresses());
    const router: Router = new Router(
      {
        clock,
        telemetry,
        plan: planFrom(config),
        asker: new Asker({ directory, location, subscribers, cacheTime: config.cacheTime }),
        locator: new Locator({
          resolver: names,
          draw: (below) => random.integer(below),
          abilities: () => router.edges.abilities,
          maxHops: config.dns.maxHops,
        }),
        rpcDeadline: config.rpcDeadline,
        dnsDeadline: config.dns.deadline,
      },
      edges(),
    );
    const presence = cluster.onChange(() => router.learnEdges(edges()));
    const domains = new Domains({
      clock,
      directory,
      interval: config.cacheTime,
      deadline: config.rpcDeadline,
      changed: (list) => router.learnDomains(list),
      failed: (error) => telemetry.log.warn({ error }, "The directory does not tell its domains."),
    });
    telemetry.metrics.gauge(catalogue.cachedSubscribers, () => subscribers.size);
    telemetry.metrics.gauge(catalogue.cachedNames, () => names.size);
    const { handlers, load } = counted<typeof RoutingService>({
      route: (request, call) => router.route(request, call),
      locate: (request, call) => router.locate(request, call),
    });
    // Not before it knows them, for those who asked whoever was at this address before it: but who knows none in time says so.
    await domains.start();
    const served = rpc.serve(RoutingService, handlers);

    return {
      ready: () => (domains.known ? { ok: true } : { ok: false, reason: "the directory has not told its domains" }),
      state: () => ({
        domains: router.platform.domains.map(({ name, aliases, authenticate }) => ({ name, aliases, authenticate })),
        ownAddresses: [...router.platform.own.hosts],
        ports: [...router.platform.own.ports],
        routes: config.routes.map(({ name }) => name),
        trunks: config.trunks.map(({ name, sources }) => ({ name, sources })),
        cachedSubscribers: subscribers.size,
        cachedNames: names.size,
      }),
      load,
      async stop() {
        domains.stop();
        presence.close();
        served.close();
      },
    };
  },
};
