import { isIP, isIPv6 } from "node:net";
import type { Network } from "@sipmesh/transport";
import type { ListenerConfig } from "./config.ts";

/** One socket that is to be bound. */
export interface Place {
  readonly transport: "udp" | "tcp";
  readonly address: string;
  readonly port: number;
  /** It stands for a wildcard: the address may come and go. */
  readonly wildcard: boolean;
  /** Said by hand; absent: whatever is found. */
  readonly advertise: ListenerConfig["advertise"];
  /** The Service of Kubernetes that leads here. */
  readonly service: string | undefined;
  /** It is on the network of a node of Kubernetes. */
  readonly node: boolean;
}

/** Only this host can reach it. */
export const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";

/** The sockets that a listener of the configuration means on this host, now. */
export function placesOf(config: ListenerConfig, network: Network): Place[] {
  const { transport, address, port, advertise, service, node } = config;
  const families = { "*": [4, 6], "0.0.0.0": [4], "::": [6] }[address];
  if (families === undefined) return [{ transport, address, port, wildcard: false, advertise, service, node }];
  return network
    .ownAddresses()
    .filter((own) => families.includes(isIP(own)))
    .map((own) => ({
      transport,
      address: own,
      port,
      wildcard: true,
      service,
      node,
      // A translation before the edge does not stand between programs of one host.
      advertise: isLoopback(own) || (advertise && isIPv6(advertise.address) !== isIPv6(own)) ? undefined : advertise,
    }));
}
