import { isIP } from "node:net";
import { addressesOf } from "@sipmesh/cluster";
import { type Flow, Transport as Wire } from "@sipmesh/proto/flow";
import type { Context } from "@sipmesh/runtime";
import type { Transport } from "@sipmesh/sip";
import { canonicalHost } from "./decision/host.ts";
import type { OwnAddresses } from "./decision/platform.ts";
import type { Abilities } from "./locate/hops.ts";

type Instance = Context["cluster"]["self"];

/** The edges that are there now: where the platform is reached, and by which flows it reaches its phones. */
export interface Edges {
  readonly own: OwnAddresses;
  readonly abilities: Abilities;
  /**
   * The flow as it can be used now (RFC 5626). A connection is lost with the edge that held it; a UDP flow lives on with
   * an edge that came back at the same address.
   */
  flow(of: Flow): Flow | undefined;
}

const ANYTHING: Abilities = { transports: new Set(["udp", "tcp"]), families: new Set([4, 6]) };

/** @param addresses further addresses of this host */
export function edgesFrom(instances: readonly Instance[], addresses: readonly string[]): Edges {
  const hosts = new Set(addresses.map(canonicalHost));
  const ports = new Set<number>();
  const ids = new Set<string>();
  const udp = new Map<string, string>();
  const transports = new Set<Transport>();
  const families = new Set<4 | 6>();
  for (const instance of instances) {
    ids.add(instance.id);
    for (const listener of instance.addresses ?? []) {
      transports.add(listener.transport as Transport);
      families.add(isIP(listener.address) === 6 ? 6 : 4);
      for (const { address, port } of addressesOf(listener)) {
        hosts.add(canonicalHost(address));
        ports.add(port);
        if (listener.transport === "udp") udp.set(`${address} ${port}`, instance.id);
      }
    }
  }
  if (hosts.has("127.0.0.1") || hosts.has("::1")) hosts.add("localhost");
  return {
    own: { hosts, ports },
    // No edge has announced itself yet: what every edge can.
    abilities: transports.size === 0 ? ANYTHING : { transports, families },
    flow(of) {
      if (ids.has(of.edge)) return of;
      if (of.transport !== Wire.TRANSPORT_UDP || of.local === undefined) return undefined;
      const heir = udp.get(`${of.local.address} ${of.local.port}`);
      return heir === undefined ? undefined : { ...of, edge: heir };
    },
  };
}
