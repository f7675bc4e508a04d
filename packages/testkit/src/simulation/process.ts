import { joinCluster, openKeyRing } from "@sipmesh/cluster";
import type { ConfigSection } from "@sipmesh/config";
import type { Context, Module, Service } from "@sipmesh/runtime";
import { memoryStore, type Store } from "@sipmesh/store";
import { silentTelemetry, type Telemetry } from "@sipmesh/telemetry";
import { Attention } from "./attention.ts";
import { VirtualBroker } from "./virtual-bus.ts";
import { VirtualExchange } from "./virtual-rpc.ts";
import { VirtualStore } from "./virtual-store.ts";
import type { World } from "./world.ts";

/** A module, and its section of the configuration. */
export interface Configured {
  readonly module: Module<never>;
  readonly config: unknown;
}

/** Pairs a module with its configuration, checked as the launcher would. */
export function configured<C>(module: Module<C>, values: unknown = {}): Configured {
  const { schema } = module.section as ConfigSection<C>;
  return { module: module as unknown as Module<never>, config: schema.parse(values) };
}

/** What all processes of a simulated platform share: a broker, calls, and a store that outlives them. */
export class VirtualSite {
  readonly world: World;
  readonly broker: VirtualBroker;
  readonly exchange: VirtualExchange;
  readonly #kept: Store = memoryStore();

  constructor(world: World) {
    this.world = world;
    const { clock, random } = world;
    this.broker = new VirtualBroker(clock, random.fork("broker"), (error) => world.errors.push(error));
    this.exchange = new VirtualExchange(clock, random.fork("exchange"));
  }

  /** A connection to the store, which survives every process. */
  store(purpose: string, attention: Attention): VirtualStore {
    const random = this.world.random.fork(`store ${purpose}`);
    return new VirtualStore(this.#kept, attention, random, (run) => attention.take(run));
  }
}

/** One process of the platform: its modules, started as the launcher starts them, with a virtual world around. */
export class VirtualProcess {
  readonly instance: string;
  readonly address: string;
  readonly telemetry: Telemetry = silentTelemetry();
  readonly store: VirtualStore;
  readonly #site: VirtualSite;
  readonly #attention: Attention;
  readonly #services = new Map<string, Service>();
  #context: Context | undefined;

  /** @param address of the host that it runs on */
  constructor(site: VirtualSite, instance: string, address: string) {
    this.#site = site;
    this.instance = instance;
    this.address = address;
    this.#attention = new Attention(site.world.clock, (error) => site.world.errors.push(error));
    this.store = site.store(instance, this.#attention);
  }

  get context(): Context {
    if (this.#context === undefined) throw new Error(`${this.instance} has not been started`);
    return this.#context;
  }

  async start(modules: readonly Configured[]): Promise<void> {
    const { world, broker, exchange } = this.#site;
    const { internet } = world;
    const clock = this.#attention;
    const random = world.random.fork(this.instance);
    const targets = modules.map(({ module }) => module.name);
    const bus = broker.attach(this.instance, (run) => clock.take(run));
    const keys = await this.store.bucket("keys");
    const ring = await openKeyRing(keys, clock, (size: number) => Buffer.from(random.bytes(size)));
    const cluster = joinCluster({
      self: {
        id: this.instance,
        node: this.address,
        targets,
        rpc: { address: this.address, port: 5070 },
        members: targets.includes("transaction") ? [`${this.instance}-0`] : [],
      },
      clock,
      signals: bus,
      subject: "sipmesh.presence",
      register: await this.store.bucket("cluster"),
      storeState: () => this.store.state,
      ownerHash: ring.ownerHash,
      failed: () => {},
    });
    this.#context = {
      clock,
      // Virtual time passes while nothing is done.
      eventLoop: { idle: () => clock.now() },
      random,
      network: clock.network(internet.host(this.address)),
      bus,
      store: this.store,
      rpc: clock.rpc(exchange.attach(this.instance)),
      cluster,
      sealer: ring.sealer,
      telemetry: this.telemetry,
      instance: this.instance,
    };
    for (const { module, config } of modules) {
      this.#services.set(module.name, await module.start(this.#context, config as never));
    }
  }

  /** Whether each service says that it is ready. */
  get ready(): boolean {
    return [...this.#services.values()].every((service) => service.ready().ok);
  }

  /** Live state of a service, as `GET /state` shows it. */
  state(service: string): unknown {
    return this.#services.get(service)?.state();
  }

  service(name: string): Service | undefined {
    return this.#services.get(name);
  }

  /** Goes on purpose, as the launcher has it: leaves, stops, says goodbye. */
  async leave(): Promise<void> {
    const { broker, exchange } = this.#site;
    const services = [...this.#services.values()].reverse();
    this.context.cluster.announce({ targets: [] });
    for (const service of services) await service.leave?.();
    for (const service of services) await service.stop();
    this.#services.clear();
    await this.context.cluster.leave();
    broker.detach(this.instance);
    exchange.detach(this.instance);
  }

  /** Cut off from all other processes and from the store, or joined to them again. Its sockets work on. */
  cut(off: boolean): void {
    this.#site.broker.cut(this.instance, off);
    this.#site.exchange.cut(this.instance, off);
    this.store.away = off;
  }

  /** Gets no processor, or gets it again: nothing of it runs meanwhile, and nothing that comes is lost. */
  sleep(asleep: boolean): void {
    if (asleep) this.#attention.sleep();
    else this.#attention.wake();
  }

  /** Has lost its connection to the broker, or has it again; its calls to others go on. */
  loseBroker(lost: boolean): void {
    this.#site.broker.cut(this.instance, lost);
    this.store.away = lost;
  }

  /** Dies as by kill −9: nobody hears of it, and its timers have no effect on anybody. */
  async crash(): Promise<void> {
    const { world, broker, exchange } = this.#site;
    world.internet.crash(this.address);
    broker.detach(this.instance);
    exchange.detach(this.instance);
    this.context.cluster.stop();
    for (const service of [...this.#services.values()].reverse()) await service.stop();
    this.#services.clear();
  }
}
