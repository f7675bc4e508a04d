import type { Module } from "@sipmesh/runtime";
import { type AutoscalerConfig, autoscalerSection } from "./config.ts";
import { catalogue } from "./telemetry.ts";

/** Tells call volume to the Kubernetes HPA, and ranks pods for scale-down. */
export const autoscaler: Module<AutoscalerConfig> = {
  name: "autoscaler",
  needs: [],
  onlyByName: true,
  section: autoscalerSection,
  catalogue,

  async start(context, config) {
    // The Kubernetes client takes 80 MB and a quarter of a second: only the process that needs it loads it.
    const { startAutoscaler } = await import("./autoscaler.ts");
    const { kubernetesClient } = await import("./kubernetes-client.ts");
    return startAutoscaler(context, config, kubernetesClient);
  },
};
