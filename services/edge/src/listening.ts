import { isIP, isIPv6 } from "node:net";
import type { Address } from "@sipmesh/sip";
import type { Network } from "@sipmesh/transport";
import type { ListenerConfig } from "./config.ts";

/** One socket that is to be bound. */
export interface Place {
  readonly transport: "udp" | "tcp";
  readonly address: string;
  readonly port: number;
  /** It stands for a wildcard: the address may come and go. */
  readonly wildcard: boolean;
  readonly advertise: ListenerConfig["advertise"];
}

const isLoopback = (address: string) => address.startsWith("127.") || address === "::1";

/** The sockets that a listener of the configuration means on this host, now. */
export function placesOf(config: ListenerConfig, network: Network): Place[] {
  const { transport, address, port, advertise } = config;
  const families = { "*": [4, 6], "0.0.0.0": [4], "::": [6] }[address];
  if (families === undefined) return [{ transport, address, port, wildcard: false, advertise }];
  return network
    .ownAddresses()
    .filter((own) => families.includes(isIP(own)))
    .map((own) => ({
      transport,
      address: own,
      port,
      wildcard: true,
      // A translation before the edge does not stand between programs of one host.
      advertise: isLoopback(own) || (advertise && isIPv6(advertise.address) !== isIPv6(own)) ? undefined : advertise,
    }));
}

/** What peers know a bound socket by. */
export function advertisedAs(place: Place, bound: Address): Address {
  if (place.advertise === undefined) return bound;
  return { address: place.advertise.address, port: place.advertise.port ?? bound.port };
}
