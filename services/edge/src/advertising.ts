import { isIP } from "node:net";
import { externalOf, type NodePlace, type ServicePlace } from "@sipmesh/runtime";
import type { Address } from "@sipmesh/sip";
import { isLoopback, type Place } from "./listening.ts";

/** What is known of where the edge is. */
export interface Surroundings {
  node(): NodePlace | undefined;
  service(name: string): ServicePlace | undefined;
}

/** What peers are told of a bound socket: what was set by hand, else what Kubernetes says, else its own address. */
export function advertisedAs(place: Place, bound: Address, around: Surroundings): Address {
  if (place.advertise !== undefined)
    return { address: place.advertise.address, port: place.advertise.port ?? bound.port };
  if (isLoopback(bound.address)) return bound;
  const family = isIP(bound.address);
  const ofFamily = (addresses: readonly string[] = []) => addresses.find((one) => isIP(one) === family);
  if (place.service !== undefined) return throughService(place, around, ofFamily) ?? bound;
  const external = externalOf(place.node ? around.node() : undefined, bound.address);
  return external === undefined ? bound : { address: external, port: bound.port };
}

/** The load balancer's address, or the node's where there is none to come. */
function throughService(
  { service: name = "", transport }: Place,
  around: Surroundings,
  ofFamily: (addresses?: readonly string[]) => string | undefined,
): Address | undefined {
  const service = around.service(name);
  const port = service?.ports.find((one) => one.transport === transport);
  if (service === undefined || port === undefined) return undefined;
  const address = ofFamily(service.addresses);
  if (address !== undefined) return { address, port: port.port };
  if (service.type !== "NodePort" || port.nodePort === undefined) return undefined;
  const node = around.node();
  const ofNode = ofFamily(node?.external) ?? ofFamily(node?.internal);
  return ofNode === undefined ? undefined : { address: ofNode, port: port.nodePort };
}
