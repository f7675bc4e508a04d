import { MediaService } from "@sipmesh/proto/media";
import type { Module } from "@sipmesh/runtime";
import { Claim } from "./claim.ts";
import { type MediaConfig, mediaSection } from "./config.ts";
import { countersOf } from "./counters.ts";
import { removeForgotten } from "./forgotten.ts";
import { handlers } from "./handlers.ts";
import { interfaceToward } from "./interfaces.ts";
import { Keeper } from "./keeper.ts";
import { liveState } from "./live-state.ts";
import { Ports } from "./ports.ts";
import { boundsOf, Sessions } from "./sessions.ts";
import { Standing } from "./standing.ts";
import { Surroundings } from "./surroundings.ts";
import { takeOver } from "./take-over.ts";
import { catalogue, metrics } from "./telemetry.ts";

/** Milliseconds that the last words to the store may take. */
const LAST_WORDS = 2000;

/** Relays the RTP of calls: offer, answer, reject, delete, query. */
export const media: Module<MediaConfig> = {
  name: "media",
  needs: [],
  section: mediaSection,
  catalogue,
  async start({ clock, cluster, random, network, rpc, store, telemetry, instance }, config) {
    const { log } = telemetry;
    const name = config.name ?? `${cluster.self.node}:${config.ports.first}`;
    const keys = `${name}/`;
    const failed = (error: unknown) => log.warn({ err: error }, "the store of the relays did not do what it was asked");
    const bucket = await store.bucket("media");

    const written = telemetry.metrics.counter(metrics.kept);
    const counters = countersOf(telemetry.metrics);
    const ports = new Ports(network, clock, random, config.ports, counters);
    const most = 4 * config.sessions;
    const keeper = new Keeper({ bucket, clock, most, written: (outcome) => written.with({ outcome }) });
    telemetry.metrics.gauge(metrics.behind, () => keeper.behind);
    const sessions = new Sessions({ config, clock, telemetry, ports, counters, keeper, keys });

    let successor: string | undefined;
    const claim = await Claim.take({
      bucket: await store.bucket("relays"),
      clock,
      name,
      instance,
      failed,
      lost(to) {
        successor = to;
        log.warn({ name, to }, "another process has taken this relay's name, and its sessions with it");
        void sessions.stop();
      },
    });
    let told: Standing | undefined;
    let emptied = false;
    const surroundings = new Surroundings({
      config,
      clock,
      store,
      node: cluster.self.node,
      changed() {
        told?.look();
        if (surroundings.emptied === emptied) return;
        emptied = surroundings.emptied;
        log.info(
          { node: cluster.self.node },
          emptied ? "the node is to be emptied: it takes no new calls" : "the node is in service again",
        );
      },
      failed,
    });
    const facing = (toward: string) => interfaceToward(toward, config, network, surroundings.external);
    // Nobody follows on a node that is being emptied.
    const followed = () => config.leave === "hand-over" && !surroundings.emptied;

    const bounds = boundsOf(config);
    await takeOver({ bucket, keys, sessions, bounds, alive: claim.former, clock, telemetry });
    const standing = new Standing(cluster, clock, { name, incarnation: claim.incarnation }, () =>
      surroundings.emptied ? 1 : sessions.load,
    );
    told = standing;
    const forgotten = removeForgotten({ bucket, clock, longest: bounds.longest, failed });
    const served = rpc.serve(MediaService, handlers(sessions, facing, telemetry, name));
    return {
      ready: () =>
        successor === undefined ? { ok: true } : { ok: false, reason: `${successor} has taken the name ${name}` },
      state: () => ({ name, ...liveState(sessions, ports, clock.now()) }),
      async linger(within) {
        if (followed()) return;
        sessions.close();
        standing.look();
        await sessions.emptied(within);
      },
      async leave() {
        await sessions.handOver(LAST_WORDS);
      },
      async stop() {
        served.close();
        surroundings.close();
        standing.close();
        forgotten.close();
        claim.close();
        await sessions.stop();
      },
    };
  },
};
