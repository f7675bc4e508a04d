import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Catalogue, Metrics } from "@sipmesh/telemetry";

const memory = { name: "sipmesh_process_memory_bytes", help: "Resident memory of the process.", unit: "By" };
const cpu = {
  name: "sipmesh_process_cpu_seconds",
  help: "CPU time of the process since its start, user and system.",
  unit: "s",
};
const uptime = { name: "sipmesh_process_uptime_seconds", help: "Time since the process started.", unit: "s" };
const loopDelay = {
  name: "sipmesh_process_event_loop_delay_seconds",
  help: "Delay of the event loop since the last collection: mean, 99th percentile, longest.",
  unit: "s",
  labels: ["quantile"],
};
/** Exceptions that nothing caught. Each is a fault of the program; the process goes on. */
export const uncaught = {
  name: "sipmesh_process_uncaught_exceptions_total",
  help: "Exceptions that nothing caught: each is a fault to report; the process goes on.",
};

export const processCatalogue: Catalogue = { metrics: [memory, cpu, uptime, loopDelay, uncaught] };

/** Measures the process until it is stopped. */
export function measureProcess(metrics: Metrics): { stop(): void } {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  metrics.gauge(memory, () => process.memoryUsage.rss());
  metrics.gauge(cpu, () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  metrics.gauge(uptime, () => process.uptime());
  metrics.gauge(loopDelay, () => {
    const read = [
      { labels: { quantile: "mean" }, value: delay.mean / 1e9 },
      { labels: { quantile: "0.99" }, value: delay.percentile(99) / 1e9 },
      { labels: { quantile: "1" }, value: delay.max / 1e9 },
    ].map(({ labels, value }) => ({ labels, value: Number.isFinite(value) ? value : 0 }));
    delay.reset();
    return read;
  });
  return { stop: () => delay.disable() };
}
