import { type Closer, Confirmations, Unconfirmed } from "@sipmesh/bus";
import type { Listener as Announced } from "@sipmesh/cluster";
import { latin1, type Timer } from "@sipmesh/environment";
import { type Context, type Load, Places, type Readiness } from "@sipmesh/runtime";
import { type Address, toBytes } from "@sipmesh/sip";
import { BindError } from "@sipmesh/transport";
import { advertisedAs } from "./advertising.ts";
import { Arrivals } from "./arrivals.ts";
import type { EdgeConfig } from "./config.ts";
import { Departure } from "./departure.ts";
import { type Place, placesOf } from "./listening.ts";
import { Overload } from "./overload/overload.ts";
import { Pinger } from "./pinger.ts";
import { Receiver } from "./receiver.ts";
import { Screen } from "./screen.ts";
import { SelfCheck } from "./self-check.ts";
import { Sender } from "./sender.ts";
import { Streams, type TcpListener } from "./streams.ts";
import { edgeSubject, memberSubject } from "./subjects.ts";
import * as catalogue from "./telemetry.ts";
import { type UdpListener, UdpSockets } from "./udp-sockets.ts";

/** Milliseconds between two looks at which addresses this host has. */
const RESCAN = 30_000;
/** Milliseconds between two measurements of the event loop's delay. */
const DELAY = 1000;
/** Connections that `state` lists. */
const LISTED = 100;
const ASKED_BUFFER = 4 * 1024 * 1024;
/** Milliseconds that the start waits for what Kubernetes says of addresses. */
const PLACES_PATIENCE = 3000;

/** The parts of one edge, wired. */
export class Edge {
  readonly #context: Context;
  readonly #config: EdgeConfig;
  readonly #screen: Screen;
  /** What Kubernetes says; absent: nobody is to be asked. */
  readonly #places: Places | undefined;
  readonly #advertised: (place: Place, bound: Address) => Address;
  readonly #sockets: UdpSockets;
  readonly #streams: Streams;
  readonly #pinger: Pinger;
  readonly #selfCheck: SelfCheck;
  readonly #unconfirmed: Unconfirmed;
  readonly #overload: Overload;
  readonly #subscriptions: Closer[] = [];
  /** What is bound, by transport, address and configured port. */
  readonly #bound = new Set<string>();
  #rescan: Timer | undefined;
  #measure: Timer | undefined;
  #leaving = false;
  #departure: Departure | undefined;
  #stopped = false;

  constructor(context: Context, config: EdgeConfig) {
    const { bus, clock, cluster, eventLoop, instance: edge, network, random, sealer, telemetry } = context;
    const { metrics, log } = telemetry;
    this.#context = context;
    this.#config = config;
    this.#screen = new Screen(config.screening, clock);
    const socketErrors = metrics.counter(catalogue.socketErrors);
    const failed = (transport: string, error: Error) => {
      socketErrors.with({ transport }).add();
      log.debug({ err: error, transport }, "the system reports an error of a socket");
    };
    this.#places = placesFor(context, config, () => this.#readvertise());
    const advertised = (place: Place, bound: Address) =>
      advertisedAs(place, bound, {
        node: () => this.#places?.node(cluster.self.node),
        service: (name) => this.#places?.service(name),
      });
    this.#sockets = new UdpSockets(
      network,
      {
        received: (bytes, from, local) => receiver.datagram(bytes, from, local),
        failed: (error) => failed("udp", error),
      },
      advertised,
    );
    this.#advertised = advertised;
    this.#streams = new Streams({
      edge,
      config: config.tcp,
      limits: config.limits,
      clock,
      network,
      screen: this.#screen,
      advertised,
      closed: metrics.counter(catalogue.closedConnections),
      refused: metrics.counter(catalogue.refusedConnections),
      events: {
        octets: (received) => receiver.octets(received),
        message: (message, stream) => receiver.streamed(message, stream),
        problem: (problem, message, stream) => receiver.brokenStream(problem, message, stream),
        ping: (stream) => receiver.pinged(stream),
        failed: (error) => failed("tcp", error),
      },
    });
    this.#pinger = new Pinger(clock, config.keepAlive.interval * 1000, config.keepAlive.flows, (flow) =>
      sender.ping(flow),
    );
    const sender = new Sender({
      edge,
      bus,
      clock,
      telemetry,
      sockets: this.#sockets,
      streams: this.#streams,
      pinger: this.#pinger,
      trusts: (address) => this.#screen.trusts(address),
    });
    this.#selfCheck = new SelfCheck({
      edge,
      clock,
      random,
      bus,
      log,
      interval: config.selfCheck.interval * 1000,
      timeout: config.selfCheck.timeout * 1000,
      own: () => this.#own(),
      send: ({ head, body }, transport, address) =>
        sender.send({
          kind: "outbound",
          raw: toBytes(head, body, latin1.encodeInto, Buffer.allocUnsafe),
          destination: { transport, address },
        }),
      outcomes: metrics.counter(catalogue.selfChecks),
      stays: (other) => cluster.instances("edge").some(({ id, leaving }) => id === other && leaving !== true),
    });
    const lost = metrics.counter(catalogue.dropped).with({ reason: "unconfirmed" });
    const unconfirmed = new Unconfirmed({
      clock,
      to: edgeSubject(edge),
      publish: (subject, envelope) => bus.publish(subject, envelope),
      addressed(envelope) {
        const owner = envelope.kind === "inbound" ? cluster.ownerOf(envelope.message.callId) : undefined;
        const { number: membership } = cluster.membership;
        return owner && { subject: memberSubject(owner.id), envelope: { ...envelope, membership } };
      },
      limit: config.tcp.unconfirmed,
      lost: () => lost.add(),
    });
    this.#unconfirmed = unconfirmed;
    const arrivals = new Arrivals(new Confirmations((subject, confirmation) => bus.publish(subject, confirmation)));
    const overload = new Overload({ config: config.overload, clock, cluster, eventLoop, metrics, random, sealer });
    this.#overload = overload;
    const receiver = new Receiver({
      edge,
      bus,
      cluster,
      sealer,
      telemetry,
      screen: this.#screen,
      limits: config.limits,
      sender,
      selfCheck: this.#selfCheck,
      unconfirmed,
      overload,
    });
    this.#subscriptions.push(
      bus.subscribe(edgeSubject(edge), (envelope) => {
        if (envelope.kind === "outbound") {
          if (!arrivals.takes(envelope.confirm)) return;
          overload.sends(envelope);
          sender.send(envelope);
        } else if (envelope.kind === "confirmation") unconfirmed.confirmed(envelope.numbers);
      }),
      cluster.onChange(() => unconfirmed.readdress()),
      bus.onDrop((_subject, envelope) => receiver.gaveUp(envelope)),
    );
    metrics.gauge(catalogue.unconfirmed, () => unconfirmed.size);
    metrics.gauge(catalogue.connections, () => this.#streams.size);
    metrics.gauge(catalogue.pinged, () => this.#pinger.size);
    metrics.gauge(catalogue.sources, () => this.#screen.size);
  }

  /** Binds every listener; fails with `BindError`. */
  async start(): Promise<void> {
    const { clock, telemetry } = this.#context;
    await this.#placesKnown();
    for (const place of this.#wanted()) await this.#bind(place);
    const granted = Math.min(...this.#sockets.listeners.map(({ socket }) => socket.receiveBuffer ?? ASKED_BUFFER));
    if (granted < ASKED_BUFFER) {
      telemetry.log.warn(
        { asked: ASKED_BUFFER, granted },
        "the system grants small UDP buffers, so bursts may be lost: raise net.core.rmem_max to 4194304",
      );
    }
    if (Number.isFinite(granted)) telemetry.metrics.gauge(catalogue.receiveBuffer, () => granted);
    telemetry.metrics.gauge(catalogue.batched, () => {
      const { listeners } = this.#sockets;
      return listeners.length > 0 && listeners.every(({ socket }) => socket.batched === true) ? 1 : 0;
    });
    this.#announce();
    this.#selfCheck.start();
    this.#measureDelay();
    this.#rescan = clock.after(RESCAN, () => void this.#look());
  }

  ready(): Readiness {
    if (this.#leaving) return { ok: false, reason: "leaving" };
    return this.#selfCheck.ready;
  }

  state(): unknown {
    const connections = [];
    for (const { flow, since, lastActive, accepted } of this.#streams) {
      if (connections.length === LISTED) break;
      connections.push({ local: flow.local, remote: flow.remote, accepted, since, lastActive });
    }
    return {
      instance: this.#context.instance,
      listeners: this.#addresses(),
      connections: { count: this.#streams.size, first: connections },
      flowsPinged: this.#pinger.size,
      sources: this.#screen.size,
      callsSettingUp: this.#overload.settingUp,
      selfCheckFailures: this.#selfCheck.failures,
      leaving: this.#leaving,
    };
  }

  load(): Load {
    return { work: "messages", begun: this.#context.telemetry.metrics.value(catalogue.messages.name) };
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    this.#selfCheck.stop();
    await this.#streams.unlisten();
  }

  /** Goes on with the connections that it has, for the grace period and not longer than `within` milliseconds. */
  async linger(within: number): Promise<void> {
    await this.leave();
    const { clock, random } = this.#context;
    this.#departure = new Departure({
      clock,
      random,
      grace: Math.min(this.#config.leave.grace * 1000, within),
      streams: this.#streams,
      isSettingUp: (before) => this.#overload.isSettingUp(before),
    });
    await this.#departure.over;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#departure?.stop();
    this.#places?.close();
    this.#rescan?.cancel();
    this.#measure?.cancel();
    this.#selfCheck.stop();
    this.#overload.stop();
    this.#pinger.stop();
    this.#unconfirmed.stop();
    for (const subscription of this.#subscriptions.splice(0)) subscription.close();
    await this.#streams.close();
    await this.#sockets.close();
  }

  /** Phones that come first are told the right address, where it is known; who does not know it is not waited for. */
  async #placesKnown(): Promise<void> {
    if (this.#places === undefined) return;
    const late = Promise.withResolvers<void>();
    const timer = this.#context.clock.after(PLACES_PATIENCE, late.resolve);
    await Promise.race([this.#places.known, late.promise]);
    timer.cancel();
  }

  #wanted(): Place[] {
    return this.#config.listeners.flatMap((listener) => placesOf(listener, this.#context.network));
  }

  async #bind(place: Place): Promise<boolean> {
    const key = `${place.transport} ${place.address} ${place.port}`;
    if (this.#bound.has(key)) return false;
    try {
      const { told } = place.transport === "udp" ? await this.#sockets.bind(place) : await this.#streams.listen(place);
      this.#bound.add(key);
      this.#context.telemetry.log.info({ transport: place.transport, ...told.now }, "listening");
      return true;
    } catch (error) {
      // An address that went or is still being tried out (RFC 4862); the next look will tell.
      if (place.wildcard && error instanceof BindError && error.code === "address-not-available") return false;
      throw error;
    }
  }

  /** Binds addresses that the host got meanwhile. */
  async #look(): Promise<void> {
    const { clock, telemetry } = this.#context;
    let found = false;
    for (const place of this.#wanted()) {
      if (!place.wildcard || this.#stopped || this.#leaving) continue;
      try {
        found = (await this.#bind(place)) || found;
      } catch (error) {
        telemetry.log.warn({ err: error }, "a new address of this host cannot be bound");
      }
    }
    if (this.#stopped) {
      // Something may have been bound while the rest was being closed.
      await this.#streams.close();
      await this.#sockets.close();
      return;
    }
    if (found) this.#announce();
    this.#rescan = clock.after(RESCAN, () => void this.#look());
  }

  #addresses(): Announced[] {
    const announce = ({ place, bound, told }: UdpListener | TcpListener): Announced => ({
      transport: place.transport,
      address: bound.address,
      port: bound.port,
      ...(told.now !== bound && { advertised: told.now }),
      ...(told.formerly.length > 0 && { formerly: told.formerly }),
    });
    return [...this.#sockets.listeners, ...this.#streams.listeners].map(announce);
  }

  /** Peers are told other addresses from now on; those of before stay ours. */
  #readvertise(): void {
    const { telemetry } = this.#context;
    let changed = false;
    for (const { place, bound, told } of [...this.#sockets.listeners, ...this.#streams.listeners]) {
      if (!told.become(this.#advertised(place, bound))) continue;
      changed = true;
      telemetry.log.info({ transport: place.transport, ...told.now }, "peers are told another address");
    }
    if (changed) this.#announce();
  }

  #announce(): void {
    this.#context.cluster.announce({ addresses: this.#addresses() });
  }

  #own(): ReturnType<ConstructorParameters<typeof SelfCheck>[0]["own"]> {
    const udp = this.#sockets.listeners[0];
    if (udp !== undefined) return { transport: "udp", local: udp.bound };
    const tcp = this.#streams.listeners[0];
    return tcp && { transport: "tcp", local: tcp.bound };
  }

  #measureDelay(): void {
    const { clock, telemetry } = this.#context;
    const gauge = telemetry.metrics.gauge(catalogue.loopDelay);
    const again = () => {
      const due = clock.now() + DELAY;
      this.#measure = clock.after(DELAY, () => {
        gauge.set((clock.now() - due) / 1000);
        again();
      });
    };
    again();
  }
}

/** Follows the places that listeners name; undefined where none does. */
function placesFor(context: Context, config: EdgeConfig, changed: () => void): Places | undefined {
  const { store, clock, cluster, telemetry } = context;
  const services = config.listeners.flatMap(({ service }) => (service === undefined ? [] : [service]));
  if (services.length === 0 && !config.listeners.some(({ node }) => node)) return undefined;
  const failed = (error: unknown) => telemetry.log.warn({ err: error }, "the addresses of Kubernetes are not known");
  return new Places({ store, clock, nodes: [cluster.self.node], services, changed, failed });
}
