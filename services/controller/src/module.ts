import type { Module } from "@sipmesh/runtime";
import { type ControllerConfig, controllerSection } from "./config.ts";
import { catalogue } from "./telemetry.ts";

/** Reads nodes and Services of Kubernetes, and publishes where they are reached. */
export const controller: Module<ControllerConfig> = {
  name: "controller",
  needs: [],
  onlyByName: true,
  section: controllerSection,
  catalogue,

  async start(context, config) {
    if (config.namespace === undefined) throw new Error("controller.namespace must be set");
    // The Kubernetes client takes 80 MB and a quarter of a second: only the process that needs it loads it.
    const { startController } = await import("./controller.ts");
    const { kubernetesClient } = await import("./kubernetes-client.ts");
    return startController(context, kubernetesClient(config.namespace, config, context.clock));
  },
};
