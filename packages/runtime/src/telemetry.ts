import type { BusObserver } from "@sipmesh/bus";
import type { WatchedIdentity } from "@sipmesh/certificates";
import type { RpcObserver } from "@sipmesh/rpc";
import type { StoreObserver } from "@sipmesh/store";
import type { Catalogue, MetricDefinition, Telemetry } from "@sipmesh/telemetry";
import type { Context } from "./context.ts";
import { LOAD_SUBJECT } from "./load/load.ts";

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

const metrics = {
  published: {
    name: "sipmesh_bus_published_total",
    help: "Envelopes published, by whether they stayed in the process or went over the broker.",
    labels: ["path"],
  },
  received: { name: "sipmesh_bus_received_total", help: "Envelopes received over the broker." },
  dropped: {
    name: "sipmesh_bus_dropped_total",
    help: "Envelopes given up, by reason: the broker is away, too much waits, or the message is too large.",
    labels: ["reason"],
  },
  busFailed: {
    name: "sipmesh_bus_failures_total",
    help: "Frames that could not be read, and subscribers that threw.",
    labels: ["where"],
  },
  connected: {
    name: "sipmesh_link_connected",
    help: "1 while the bus or the store can be reached, else 0.",
    labels: ["link"],
  },
  stored: {
    name: "sipmesh_store_calls_total",
    help: "Calls to the store, by operation and outcome.",
    labels: ["operation", "outcome"],
  },
  storeSeconds: {
    name: "sipmesh_store_call_seconds",
    help: "How long calls to a remote store took.",
    unit: "s",
    labels: ["operation"],
    buckets: SECONDS,
  },
  storeFailed: {
    name: "sipmesh_store_failures_total",
    help: "Watches that broke, watchers that threw, and troubles of the journal on disk.",
    labels: ["where"],
  },
  called: {
    name: "sipmesh_rpc_calls_total",
    help: "Calls made to services, by method, gRPC status code and route (direct or stream).",
    labels: ["method", "code", "route"],
  },
  callSeconds: {
    name: "sipmesh_rpc_call_seconds",
    help: "How long calls over a stream took.",
    unit: "s",
    labels: ["method"],
    buckets: SECONDS,
  },
  served: {
    name: "sipmesh_rpc_served_total",
    help: "Calls answered, by method and gRPC status code.",
    labels: ["method", "code"],
  },
  rpcFailed: {
    name: "sipmesh_rpc_handler_failures_total",
    help: "Calls whose handler threw what it should not.",
    labels: ["method"],
  },
  peersLost: { name: "sipmesh_rpc_peers_lost_total", help: "Streams to peers that broke or fell silent." },
  peersUnreachable: {
    name: "sipmesh_rpc_peers_unreachable_total",
    help: "Peers that presence names and that could not be reached for some seconds, or whose certificate was refused.",
  },
  certificateEnds: {
    name: "sipmesh_certificate_ends_seconds",
    help: "When the certificate that is shown to other processes ends, in seconds since 1970.",
    unit: "s",
  },
  members: { name: "sipmesh_cluster_members", help: "Members on the membership list." },
  number: { name: "sipmesh_cluster_membership_number", help: "The number of the membership list." },
  clusterFailed: {
    name: "sipmesh_cluster_failures_total",
    help: "Presence signals that could not be read, and changes of the list that could not be written.",
  },
} satisfies Record<string, MetricDefinition>;

const subjects = [
  { name: "sipmesh.presence", help: "Heartbeats and goodbyes of instances." },
  {
    name: LOAD_SUBJECT,
    help: "Each process, once a second: its instance, pod and node, how long work waits for its event loop, and per target the work begun and in progress.",
  },
];

/** What the parts of the context show of themselves. */
export const contextCatalogue: Catalogue = { metrics: Object.values(metrics), subjects };

/** What was made for a label value, made once. The values are constants, so that they are found by identity. */
function once<Value, Made>(make: (value: Value) => Made): (value: Value) => Made {
  const known = new Map<Value, Made>();
  return (value) => {
    let found = known.get(value);
    if (found === undefined) {
      found = make(value);
      known.set(value, found);
    }
    return found;
  };
}

export function observeBus({ metrics: made, log }: Telemetry): BusObserver {
  const published = once((path: string) => made.counter(metrics.published).with({ path }));
  const received = made.counter(metrics.received);
  const dropped = once((reason: string) => made.counter(metrics.dropped).with({ reason }));
  const failures = once((where: string) => made.counter(metrics.busFailed).with({ where }));
  return {
    published: (envelopes, path) => published(path).add(envelopes),
    received: (envelopes) => received.add(envelopes),
    dropped: (envelopes, reason) => dropped(reason).add(envelopes),
    failed(where, error) {
      failures(where).add();
      log.error({ err: error, where }, "a message on the bus could not be handled");
    },
  };
}

export function observeStore({ metrics: made, log }: Telemetry): StoreObserver {
  const calls = once((operation: string) =>
    once((outcome: string) => made.counter(metrics.stored).with({ operation, outcome })),
  );
  const seconds = made.histogram(metrics.storeSeconds);
  const failures = once((where: string) => made.counter(metrics.storeFailed).with({ where }));
  return {
    answered(operation, outcome, milliseconds) {
      calls(operation)(outcome).add();
      if (milliseconds > 0) seconds.with({ operation }).observe(milliseconds / 1000);
    },
    failed(where, error) {
      failures(where).add();
      log.warn({ err: error, where }, "the store had trouble");
    },
  };
}

export function observeRpc({ metrics: made, log }: Telemetry): RpcObserver {
  const calls = once((method: string) =>
    once((route: string) =>
      once((code: number) => made.counter(metrics.called).with({ method, code: String(code), route })),
    ),
  );
  const seconds = made.histogram(metrics.callSeconds);
  const served = once((method: string) =>
    once((code: number) => made.counter(metrics.served).with({ method, code: String(code) })),
  );
  const failures = once((method: string) => made.counter(metrics.rpcFailed).with({ method }));
  const lost = made.counter(metrics.peersLost);
  const unreachable = made.counter(metrics.peersUnreachable);
  return {
    called(path, code, milliseconds, route) {
      calls(path)(route)(code).add();
      if (route === "stream") seconds.with({ method: path }).observe(milliseconds / 1000);
    },
    served: (path, code) => served(path)(code).add(),
    failed(path, error) {
      failures(path).add();
      log.error({ err: error, method: path }, "a call could not be answered");
    },
    peerLost(instance, reason) {
      lost.add();
      log.warn({ peer: instance, reason }, "a peer was lost");
    },
    peerUnreachable(instance, reason) {
      unreachable.add();
      log.warn({ peer: instance, reason }, "a peer cannot be reached");
    },
  };
}

/** @returns what the cluster tells its failures to */
export function observeCluster({ metrics: made, log }: Telemetry): (error: unknown) => void {
  const failures = made.counter(metrics.clusterFailed);
  return (error) => {
    failures.add();
    log.warn({ err: error }, "the cluster could not be followed for a moment");
  };
}

export function showCertificate({ metrics: made }: Telemetry, identity: WatchedIdentity): void {
  made.gauge(metrics.certificateEnds, () => identity.current.ends / 1000);
}

export function showLinks({ metrics: made }: Telemetry, { bus, store, cluster }: Context): void {
  made.gauge(metrics.connected, () => [
    { labels: { link: "bus" }, value: bus.state === "connected" ? 1 : 0 },
    { labels: { link: "store" }, value: store.state === "connected" ? 1 : 0 },
  ]);
  made.gauge(metrics.members, () => cluster.membership.members.length);
  made.gauge(metrics.number, () => cluster.membership.number);
}
