import type { Config } from "@sipmesh/config";
import { type Context, type Module, type RunningModules, startModules } from "@sipmesh/runtime";
import { traceNameOf } from "@sipmesh/sip-core";
import { type RunningTelemetry, startTelemetry } from "@sipmesh/telemetry";
import { Admin } from "./admin.ts";
import { adminSection, logSection, processSection, traceSection } from "./config.ts";
import { openContext } from "./open-context.ts";
import { measureProcess, uncaught } from "./process-metrics.ts";

export interface Plan {
  readonly config: Config;
  readonly modules: readonly Module[];
  readonly instance: string;
  readonly version: string;
  readonly dataDirectory: string;
}

/** The platform, or the part of it that this process runs. */
export interface RunningPlatform {
  readonly telemetry: RunningTelemetry;
  readonly adminUrl: string;
  readonly modules: RunningModules;
  /** Not ready any more, hands over, ends. */
  stop(): Promise<void>;
}

/** Starts what the plan names, in order; where something fails, stops what was started. */
export async function startPlatform(plan: Plan): Promise<RunningPlatform> {
  const undo: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    const telemetry = telemetryOf(plan);
    undo.push(() => telemetry.stop());
    const measures = measureProcess(telemetry.metrics);
    undo.push(() => measures.stop());
    undo.push(catchUncaught(telemetry));

    let modules: RunningModules | undefined;
    let context: Context | undefined;
    const { address, port } = plan.config.of(adminSection);
    const admin = await Admin.start(address, port, {
      ready: () => modules?.ready() ?? { ok: false, reason: "starting" },
      state: () => ({ instance: plan.instance, version: plan.version, targets: modules?.state() ?? {} }),
      traceId: (callId, fromTag) => context?.sealer.traceId(traceNameOf(callId, fromTag)),
      metrics: (request, response) => telemetry.serveMetrics(request, response),
    });
    undo.push(() => admin.stop());

    const opened = await openContext({ ...plan, telemetry });
    undo.push(() => opened.close());
    context = opened.context;
    telemetry.announceWith((traceId) => opened.context.bus.signal(opened.keepTrace, Buffer.from(traceId, "latin1")));
    const keep = opened.context.bus.listen(opened.keepTrace, (payload) => {
      telemetry.keepHere(Buffer.from(payload).toString("latin1"));
    });
    undo.push(() => keep.close());

    const running = await startModules(plan.modules, opened.context, plan.config);
    modules = running;
    undo.push(() => running.stop());
    return { telemetry, adminUrl: admin.url, modules: running, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function telemetryOf({ config, instance, version }: Plan): RunningTelemetry {
  const { endpoint = process.env.OTEL_EXPORTER_OTLP_ENDPOINT, ratio, keepFailed } = config.of(traceSection);
  return startTelemetry({
    instance,
    version,
    logLevel: config.of(logSection).level ?? (process.stderr.isTTY ? "warn" : "info"),
    traces: { ratio, keepFailed, ...(endpoint === undefined || endpoint === "" ? {} : { endpoint }) },
  });
}

/** A fault in one call must not end all the others: it is logged and counted, and the process goes on. */
function catchUncaught({ log, metrics }: RunningTelemetry): () => void {
  const counter = metrics.counter(uncaught);
  const take = (error: unknown) => {
    counter.add();
    log.error({ err: error }, "an exception that nothing caught");
  };
  process.on("uncaughtException", take);
  process.on("unhandledRejection", take);
  return () => {
    process.off("uncaughtException", take);
    process.off("unhandledRejection", take);
  };
}

/** Milliseconds that stopping may take. */
export function leaveTime(config: Config): number {
  return config.of(processSection).leaveTime * 1000;
}
