import { join } from "node:path";
import { type Bus, connectNats, memoryBus, type NatsConnection, natsBus } from "@sipmesh/bus";
import { type WatchedIdentity, watchIdentity } from "@sipmesh/certificates";
import { type Cluster, joinCluster, type KeyRing, openKeyRing } from "@sipmesh/cluster";
import { type Clock, systemClock, systemEventLoop, systemRandom } from "@sipmesh/environment";
import { directRpc, type GrpcRpc, grpcRpc, type Peer, type Rpc } from "@sipmesh/rpc";
import { fileStore, memoryStore, natsStore, type Store, StoreAway } from "@sipmesh/store";
import type { Telemetry } from "@sipmesh/telemetry";
import { type Network, systemNetwork } from "@sipmesh/transport";
import type { Context } from "./context.ts";
import type { Readiness } from "./module.ts";
import type { BrokerSettings, ContextSettings, RpcSettings } from "./settings.ts";
import { observeBus, observeCluster, observeRpc, observeStore, showCertificate, showLinks } from "./telemetry.ts";

const PREFIX = "sipmesh";
/** Milliseconds until a store that did not answer at the start is asked again. */
const AGAIN_AFTER = 500;

/** A context, and what its maker has to do with it. */
export interface RunningContext {
  readonly context: Context;
  /** Ready once the list of owners is settled; what is away later is for metrics and alerts, not a reason to withdraw. */
  ready(): Readiness;
  /** Leaves the cluster and ends everything that the context holds. To be called after the modules were stopped. */
  stop(): Promise<void>;
}

/**
 * Makes the context of a process: in memory, on disk and by direct calls, or over NATS, JetStream and gRPC, as the
 * settings say. Waits until NATS and the store are there.
 *
 * @throws StoreFileError, CertificateError, and Error where the address for calls cannot be bound
 */
export async function realContext(settings: ContextSettings): Promise<RunningContext> {
  const { telemetry, name, node, pod, dataDirectory, nats } = settings;
  const clock = systemClock((error) => telemetry.log.error({ err: error }, "a timer failed"));
  const random = systemRandom();
  const network = settings.network ?? systemNetwork();
  const instance = settings.instance ?? `${name}-${random.token(8)}`;
  const prefix = nats?.prefix ?? PREFIX;
  // Ended in this order, whatever of it was made.
  const ends: (() => Promise<void> | void)[] = [() => clock.close()];
  try {
    const identity = await followIdentity(settings.rpc, clock, telemetry);
    if (identity) ends.unshift(() => identity.close());
    const connection = nats && (await connectNats(nats, instance, notThere(nats, telemetry)));
    if (connection) ends.unshift(() => connection.close());
    const bus = makeBus(connection, clock, telemetry);
    ends.unshift(() => bus.close());
    const store = makeStore(settings, connection, prefix, clock);
    ends.unshift(() => store.close());
    const ring = await openRing(store, clock, telemetry);
    ends.unshift(() => ring.close());
    // Calls find their peers by presence, and presence tells where calls are answered: one comes first.
    let cluster: Cluster | undefined;
    const peers = (service: string): readonly Peer[] => peersOf(cluster, service);
    const complete = () => cluster?.complete === true;
    const rpc = await makeRpc(settings.rpc, { clock, instance, peers, complete, telemetry, identity });
    ends.unshift(() => rpc.calls.close());
    const answering = settings.rpc && { address: ownAddress(settings.rpc, nats, network), port: rpc.port };
    cluster = joinCluster({
      self: { id: instance, node, targets: [], members: [], ...(answering && { rpc: answering }) },
      clock,
      signals: bus,
      subject: `${prefix}.presence`,
      register: await untilThere(() => store.bucket("cluster", { memory: true }), clock, telemetry),
      storeState: () => store.state,
      ownerHash: ring.ownerHash,
      failed: observeCluster(telemetry),
    });
    const joined = cluster;
    const context: Context = {
      clock,
      eventLoop: systemEventLoop(),
      random,
      network,
      bus,
      store,
      rpc: rpc.calls,
      cluster,
      sealer: ring.sealer,
      telemetry,
      instance,
      ...(pod !== undefined && { pod }),
      ...(dataDirectory !== undefined && { dataDirectory }),
    };
    showLinks(telemetry, context);
    let settled = false;
    return {
      context,
      ready() {
        settled ||= joined.state === "settled";
        return settled ? { ok: true } : { ok: false, reason: `the list of owners is ${joined.state}` };
      },
      async stop() {
        await joined.leave();
        await endAll(ends, telemetry);
      },
    };
  } catch (error) {
    await endAll(ends, telemetry);
    throw error;
  }
}

function notThere({ servers }: BrokerSettings, { log }: Telemetry): (error: unknown) => void {
  return (error) => log.warn({ err: error, servers }, "NATS cannot be reached yet; trying on");
}

async function endAll(ends: readonly (() => Promise<void> | void)[], { log }: Telemetry): Promise<void> {
  for (const end of ends) {
    try {
      await end();
    } catch (error) {
      log.error({ err: error }, "a part of the context did not end as it should");
    }
  }
}

function makeBus(connection: NatsConnection | undefined, clock: Clock, telemetry: Telemetry): Bus {
  const observer = observeBus(telemetry);
  return connection === undefined ? memoryBus(observer) : natsBus(connection, { clock, observer });
}

function makeStore(
  { telemetry, dataDirectory, nats }: ContextSettings,
  connection: NatsConnection | undefined,
  prefix: string,
  clock: Clock,
): Store {
  const observer = observeStore(telemetry);
  if (connection !== undefined) {
    return natsStore(connection, { clock, prefix, replicas: nats?.replicas ?? 1, observer });
  }
  return dataDirectory === undefined ? memoryStore(observer) : fileStore(join(dataDirectory, "store"), observer);
}

async function openRing(store: Store, clock: Clock, telemetry: Telemetry): Promise<KeyRing> {
  return untilThere(async () => openKeyRing(await store.bucket("keys"), clock), clock, telemetry);
}

async function followIdentity(
  rpc: RpcSettings | undefined,
  clock: Clock,
  telemetry: Telemetry,
): Promise<WatchedIdentity | undefined> {
  if (rpc?.tls === undefined) return undefined;
  const { log } = telemetry;
  const failed = (error: unknown) =>
    log.error({ err: error }, "certificates cannot be read again; the old stay in use");
  const identity = await watchIdentity(rpc.tls, { clock, failed });
  identity.onChange(({ ends }) => log.info({ ends: new Date(ends).toISOString() }, "certificates are renewed"));
  showCertificate(telemetry, identity);
  return identity;
}

async function makeRpc(
  listen: RpcSettings | undefined,
  parts: {
    clock: Clock;
    instance: string;
    peers: (service: string) => readonly Peer[];
    complete: () => boolean;
    telemetry: Telemetry;
    identity: WatchedIdentity | undefined;
  },
): Promise<{ calls: Rpc; port: number }> {
  const { clock, instance, peers, complete, telemetry, identity } = parts;
  const observer = observeRpc(telemetry);
  if (listen === undefined) return { calls: directRpc({ clock, instance, observer }), port: 0 };
  const tls = identity && { identity, name: listen.tls?.name ?? "" };
  const calls: GrpcRpc = await grpcRpc({ clock, instance, observer, listen, peers, complete, tls });
  return { calls, port: calls.port };
}

function peersOf(cluster: Cluster | undefined, service: string): readonly Peer[] {
  if (cluster === undefined) return [];
  const peers: Peer[] = [];
  for (const { id, rpc } of cluster.instances(service)) {
    if (rpc !== undefined && id !== cluster.self.id) peers.push({ instance: id, ...rpc });
  }
  return peers;
}

function ownAddress({ address, advertise }: RpcSettings, nats: BrokerSettings | undefined, network: Network): string {
  if (advertise !== undefined) return advertise;
  if (address !== "0.0.0.0" && address !== "::") return address;
  const server = nats?.servers[0];
  const host = server === undefined ? undefined : new URL(server).hostname.replace(/^\[|\]$/g, "");
  return host !== undefined && /^[\d.]+$|:/.test(host)
    ? network.localAddressToward(host)
    : (network.ownAddresses()[0] ?? "127.0.0.1");
}

/** The store may come up later than we do. */
async function untilThere<T>(make: () => Promise<T>, clock: Clock, { log }: Telemetry): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await make();
    } catch (error) {
      if (!(error instanceof StoreAway)) throw error;
      if (attempt % 10 === 0) log.warn({ err: error }, "the store does not answer yet; trying on");
      await new Promise<void>((resolve) => void clock.after(AGAIN_AFTER, resolve));
    }
  }
}
