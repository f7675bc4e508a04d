import { isIP } from "node:net";
import {
  encodePlace,
  type NodePlace,
  nodeKey,
  type ServicePlace,
  type ServicePort,
  serviceKey,
} from "@sipmesh/runtime";
import type { KubernetesService, Node } from "./kubernetes.ts";

/** What of the cluster is published, by key. */
export function placesOf(nodes: readonly Node[], services: readonly KubernetesService[]): Map<string, Uint8Array> {
  const places = new Map<string, Uint8Array>();
  for (const node of nodes) {
    if (node.metadata?.name !== undefined) places.set(nodeKey(node.metadata.name), encodePlace(nodePlace(node)));
  }
  for (const service of services) {
    if (service.metadata?.name !== undefined)
      places.set(serviceKey(service.metadata.name), encodePlace(servicePlace(service)));
  }
  return places;
}

export function nodePlace({ spec, status }: Node): NodePlace {
  const of = (type: string) =>
    (status?.addresses ?? [])
      .filter((one) => one.type === type && isIP(one.address) !== 0)
      .map(({ address }) => address);
  return { external: of("ExternalIP"), internal: of("InternalIP"), unschedulable: spec?.unschedulable === true };
}

/** A load balancer that is known by a name alone says nothing here: what peers are told must be an address. */
export function servicePlace({ spec, status }: KubernetesService): ServicePlace {
  const balancer = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  const ports = (spec?.ports ?? []).map(
    ({ port, nodePort, protocol = "TCP" }): ServicePort => ({
      transport: protocol.toLowerCase(),
      port,
      ...(nodePort !== undefined && nodePort > 0 && { nodePort }),
    }),
  );
  const addresses = [...balancer, ...(spec?.externalIPs ?? [])].filter((address) => isIP(address) !== 0);
  return { type: spec?.type ?? "ClusterIP", addresses, ports };
}
