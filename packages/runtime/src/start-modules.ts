import type { ConfigSection } from "@sipmesh/config";
import type { Timer } from "@sipmesh/environment";
import type { Context } from "./context.ts";
import type { Load } from "./load/load.ts";
import { LoadTeller } from "./load/load-teller.ts";
import type { Module, Readiness, Service } from "./module.ts";

/** Milliseconds that a service may take to leave, and again to stop. */
const PATIENCE = 5000;
/** Milliseconds between two looks at whether a service has become ready. */
const LOOK = 100;

/** Gives each module the values of its section. */
export interface Values {
  of<C>(section: ConfigSection<C>): C;
}

/** Modules that run in this process. */
export interface RunningModules {
  /** Ready where every service is. */
  ready(): Readiness;
  /** What each service shows of itself, by the module's name. */
  state(): Record<string, unknown>;
  /**
   * Not ready any more; services linger; every service leaves; every service stops: the last started first.
   *
   * @param lingering milliseconds that services may take for what they cannot hand over
   */
  stop(lingering?: number): Promise<void>;
}

interface Started {
  readonly name: string;
  readonly service: Service;
  readonly foundBeforeReady: boolean;
}

/**
 * Starts the modules, each after those that it needs, and tells the cluster of each once it can be asked: who is asked
 * before he knows anything would turn away what another could have answered. Where one fails those that were started are
 * stopped again, and its error is thrown.
 */
export async function startModules(
  modules: readonly Module[],
  context: Context,
  values: Values,
): Promise<RunningModules> {
  const started: Started[] = [];
  const offered = new Set<string>();
  let look: Timer | undefined;
  let stopping: Promise<void> | undefined;
  const { bus, clock, cluster, instance, pod, telemetry } = context;
  const teller = new LoadTeller({
    bus,
    clock,
    self: { instance, node: cluster.self.node, ...(pod !== undefined && { pod }) },
    loads: () => loadsOf(started),
    failed: (error) => telemetry.log.error({ err: error }, "the load of this process could not be told"),
  });

  function offer(): void {
    const before = offered.size;
    for (const { name, service, foundBeforeReady } of started) {
      if (foundBeforeReady || service.ready().ok) offered.add(name);
    }
    if (offered.size > before) context.cluster.announce({ targets: [...offered] });
  }

  function keepOffering(): void {
    offer();
    if (offered.size < started.length) look = context.clock.after(LOOK, keepOffering);
  }

  async function stop(lingering: number): Promise<void> {
    look?.cancel();
    context.cluster.announce({ leaving: true });
    const linger = ({ name, service }: Started) =>
      within(context, name, "linger", service.linger?.bind(service, lingering), lingering + PATIENCE);
    if (lingering > 0) await Promise.all(started.map(linger));
    teller.stop();
    context.cluster.announce({ targets: [] });
    const backwards = started.toReversed();
    for (const { name, service } of backwards) await within(context, name, "leave", service.leave?.bind(service));
    for (const { name, service } of backwards) await within(context, name, "stop", service.stop.bind(service));
  }

  try {
    for (const module of startOrder(modules)) {
      const own = { ...context, telemetry: context.telemetry.forService(module.name) };
      const service = await module.start(own, values.of(module.section));
      started.push({ name: module.name, service, foundBeforeReady: module.foundBeforeReady ?? false });
      offer();
    }
    keepOffering();
  } catch (error) {
    await stop(0);
    throw error;
  }

  return {
    ready() {
      if (stopping !== undefined) return { ok: false, reason: "leaving" };
      for (const { name, service } of started) {
        const readiness = service.ready();
        if (!readiness.ok) return { ok: false, reason: `${name}: ${readiness.reason}` };
      }
      return { ok: true };
    },
    state: () => Object.fromEntries(started.map(({ name, service }) => [name, service.state()])),
    stop(lingering = 0) {
      stopping ??= stop(lingering);
      return stopping;
    },
  };
}

function loadsOf(started: readonly Started[]): Record<string, Load> {
  const loads: Record<string, Load> = {};
  for (const { name, service } of started) {
    const load = service.load?.();
    if (load !== undefined) loads[name] = load;
  }
  return loads;
}

/** The modules in such an order that each stands after those that it needs and that are among them. */
export function startOrder<M extends Pick<Module, "name" | "needs">>(modules: readonly M[]): M[] {
  const order: M[] = [];
  const visit = (module: M, path: readonly string[]): void => {
    if (order.includes(module)) return;
    if (path.includes(module.name)) {
      throw new RangeError(`modules need one another in a circle: ${[...path, module.name].join(" → ")}`);
    }
    for (const needed of modules) {
      if (module.needs.includes(needed.name)) visit(needed, [...path, module.name]);
    }
    order.push(module);
  };
  for (const module of modules) visit(module, []);
  return order;
}

/** One service that hangs or throws keeps no other from ending well. */
async function within(
  { clock, telemetry }: Context,
  name: string,
  step: string,
  run: (() => Promise<void>) | undefined,
  patience = PATIENCE,
): Promise<void> {
  if (run === undefined) return;
  const late = Promise.withResolvers<void>();
  const timer = clock.after(patience, () => late.reject(new Error(`took longer than ${patience} ms`)));
  try {
    await Promise.race([run(), late.promise]);
  } catch (error) {
    telemetry.log.error({ err: error, service: name }, `the service did not ${step} as it should`);
  } finally {
    timer.cancel();
  }
}
