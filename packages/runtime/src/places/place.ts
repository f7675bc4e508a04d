import { isIP } from "node:net";

/** Where a node of Kubernetes is reached, and whether it is being emptied. */
export interface NodePlace {
  /** IP addresses by which the world reaches it; empty: by those that it has. */
  readonly external: readonly string[];
  /** IP addresses that it has. */
  readonly internal: readonly string[];
  /** It was cordoned or is being drained: nothing new is to begin there. */
  readonly unschedulable: boolean;
}

/**
 * What the world knows an address of a node by, of the same family; undefined where that is no other one, or it is none of
 * the node's.
 */
export function externalOf(node: NodePlace | undefined, own: string): string | undefined {
  return node?.internal.includes(own) ? node.external.find((one) => isIP(one) === isIP(own)) : undefined;
}

/** A port of a Service. */
export interface ServicePort {
  /** "udp", "tcp". */
  readonly transport: string;
  readonly port: number;
  /** The same on every node; absent: there is none. */
  readonly nodePort?: number;
}

/** Where a Service of Kubernetes is reached from outside the cluster. */
export interface ServicePlace {
  /** "LoadBalancer", "NodePort", "ClusterIP". */
  readonly type: string;
  /** IP addresses: of the load balancer, or that lead to nodes (`externalIPs`). A load balancer may have none yet. */
  readonly addresses: readonly string[];
  readonly ports: readonly ServicePort[];
}

/** The bucket that the places are published in: what was last known stays known while nobody tells anything. */
export const PLACES = "places";

const NODE = "node/";
const SERVICE = "service/";
export const nodeKey = (name: string): string => NODE + name;
export const serviceKey = (name: string): string => SERVICE + name;

export function encodePlace(place: NodePlace | ServicePlace): Uint8Array {
  return Buffer.from(JSON.stringify(place));
}

/** @throws Error where it is no place of a node */
export function decodeNode(bytes: Uint8Array): NodePlace {
  const { external, internal, unschedulable } = JSON.parse(Buffer.from(bytes).toString()) as NodePlace;
  if (!areTexts(external) || !areTexts(internal)) throw new Error("the place of a node is damaged");
  return { external, internal, unschedulable: unschedulable === true };
}

/** @throws Error where it is no place of a Service */
export function decodeService(bytes: Uint8Array): ServicePlace {
  const { type, addresses, ports } = JSON.parse(Buffer.from(bytes).toString()) as ServicePlace;
  const good = typeof type === "string" && areTexts(addresses) && Array.isArray(ports);
  if (!good) throw new Error("the place of a Service is damaged");
  return { type, addresses, ports };
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
