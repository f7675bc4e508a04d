import { mkdirSync } from "node:fs";
import type { Config } from "@sipmesh/config";
import {
  type Module,
  type Readiness,
  type RunningContext,
  type RunningModules,
  realContext,
  startModules,
} from "@sipmesh/runtime";
import { traceNameOf } from "@sipmesh/sip-core";
import { type RunningTelemetry, startTelemetry } from "@sipmesh/telemetry";
import { Admin } from "./admin.ts";
import { adminSection, logSection, processSection, traceSection } from "./config.ts";
import { hostProblems } from "./host-settings.ts";
import { linksOf } from "./links.ts";
import { measureProcess, uncaught } from "./process-metrics.ts";
import { isTried, warmUp } from "./warm-up/warm-up.ts";

export interface Plan {
  readonly config: Config;
  readonly modules: readonly Module[];
  /** Begins the instance's name. */
  readonly name: string;
  readonly instance: string;
  readonly version: string;
  readonly dataDirectory: string;
}

/** The platform, or the part of it that this process runs. */
export interface RunningPlatform {
  readonly telemetry: RunningTelemetry;
  readonly adminUrl: string;
  ready(): Readiness;
  /** Not ready any more, hands over, ends. */
  stop(): Promise<void>;
}

/** Milliseconds of the leave time that are for handing over and ending in order; the rest may be lingered. */
const IN_ORDER = 10_000;
/** "sipmesh.trace.keep" of the catalogue. */
const KEEP_TRACE = "sipmesh.trace.keep";

/** Starts what the plan names, in order; where something fails, stops what was started. */
export async function startPlatform(plan: Plan): Promise<RunningPlatform> {
  const undo: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    const telemetry = telemetryOf(plan);
    undo.push(() => telemetry.stop());
    for (const problem of hostProblems(plan.modules.map(({ name }) => name))) {
      telemetry.log.warn({ ...problem }, "a setting of this machine is too low");
    }
    const measures = measureProcess(telemetry.metrics);
    undo.push(() => measures.stop());
    undo.push(catchUncaught(telemetry));

    let modules: RunningModules | undefined;
    let opened: RunningContext | undefined;
    const { address, port } = plan.config.of(adminSection);
    const admin = await Admin.start(address, port, {
      ready: () => readiness(opened, modules),
      state: () => ({ instance: plan.instance, version: plan.version, targets: modules?.state() ?? {} }),
      traceId: (callId, fromTag) => opened?.context.sealer.traceId(traceNameOf(callId, fromTag)),
      metrics: (request, response) => telemetry.serveMetrics(request, response),
    });
    undo.push(() => admin.stop());

    // A relay is missed by those who talk until it is there, and has no use for what is tried.
    const calls = plan.modules.some(isTried) ? plan.config.of(processSection).warmUp : 0;
    const carried = calls === 0 ? 0 : await warmUp(calls);
    if (carried < calls) telemetry.log.info({ calls, carried }, "the warm-up was cut short: others need the processor");

    mkdirSync(plan.dataDirectory, { recursive: true, mode: 0o700 });
    const links = await linksOf(plan.config);
    const { instance, dataDirectory } = plan;
    opened = await realContext({ name: plan.name, instance, dataDirectory, telemetry, ...links });
    const { context } = opened;
    undo.push(opened.stop);
    telemetry.announceWith((traceId) => context.bus.signal(KEEP_TRACE, Buffer.from(traceId, "latin1")));
    const keep = context.bus.listen(KEEP_TRACE, (payload) =>
      telemetry.keepHere(Buffer.from(payload).toString("latin1")),
    );
    undo.push(() => keep.close());

    const running = await startModules(plan.modules, context, plan.config);
    modules = running;
    undo.push(() => running.stop(Math.max(0, leaveTime(plan.config) - IN_ORDER)));
    return { telemetry, adminUrl: admin.url, ready: () => readiness(opened, running), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function readiness(context: RunningContext | undefined, modules: RunningModules | undefined): Readiness {
  if (context === undefined || modules === undefined) return { ok: false, reason: "starting" };
  const joined = context.ready();
  return joined.ok ? modules.ready() : joined;
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
