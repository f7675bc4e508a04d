import { MediaService } from "@sipmesh/proto/media";
import type { Module } from "@sipmesh/runtime";
import { type MediaConfig, mediaSection } from "./config.ts";
import { countersOf } from "./counters.ts";
import { handlers } from "./handlers.ts";
import { liveState } from "./live-state.ts";
import { Ports } from "./ports.ts";
import { Sessions } from "./sessions.ts";
import { catalogue } from "./telemetry.ts";

/** Relays the RTP of calls: offer, answer, reject, delete, query. */
export const media: Module<MediaConfig> = {
  name: "media",
  needs: [],
  section: mediaSection,
  catalogue,
  async start({ clock, random, network, rpc, telemetry, instance }, config) {
    const counters = countersOf(telemetry.metrics);
    const ports = new Ports(network, clock, random, config.ports, counters);
    const sessions = new Sessions(config, clock, telemetry, ports, counters);
    const served = rpc.serve(MediaService, handlers(sessions, config, network, telemetry, instance));
    return {
      ready: () => ({ ok: true }),
      state: () => liveState(sessions, ports, clock.now()),
      async stop() {
        served.close();
        await sessions.stop();
      },
    };
  },
};
