import type { Log } from "./log.ts";
import { silentLog } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { Registry } from "./registry.ts";
import type { Tracer } from "./tracer.ts";
import { silentTracer } from "./tracer.ts";

/** What a module is handed to make itself visible. */
export interface Telemetry {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  /** The same, signed with a service's name: on its log lines and as its spans' `service.name`. */
  forService(name: string): Telemetry;
}

/** Telemetry that reaches nobody; its metrics count all the same and can be read. For tests and the simulation. */
export function silentTelemetry(): Telemetry {
  const silent: Telemetry = {
    log: silentLog,
    metrics: new Registry(),
    tracer: silentTracer,
    forService: () => silent,
  };
  return silent;
}
