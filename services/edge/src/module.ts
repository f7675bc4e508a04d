import { section } from "@sipmesh/config";
import type { Module } from "@sipmesh/runtime";
import { type EdgeConfig, schema } from "./config.ts";
import { Edge } from "./edge.ts";
import { catalogue } from "./telemetry.ts";

/** Where SIP meets the network: listeners, framing, parsing, screening, keep-alives and flows. */
export const edge: Module<EdgeConfig> = {
  name: "edge",
  needs: ["transaction"],
  // Its OPTIONS to itself come back only when the others know of it.
  foundBeforeReady: true,
  section: section("edge", schema),
  catalogue,

  async start(context, config) {
    const started = new Edge(context, config);
    try {
      await started.start();
    } catch (error) {
      await started.stop();
      throw error;
    }
    return {
      ready: () => started.ready(),
      state: () => started.state(),
      linger: (within) => started.linger(within),
      load: () => started.load(),
      leave: () => started.leave(),
      stop: () => started.stop(),
    };
  },
};
