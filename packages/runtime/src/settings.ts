import type { NatsSettings } from "@sipmesh/bus";
import type { IdentityFiles } from "@sipmesh/certificates";
import type { Telemetry } from "@sipmesh/telemetry";
import type { Network } from "@sipmesh/transport";

/** How to reach NATS, and what of it is ours. */
export interface BrokerSettings extends NatsSettings {
  /** Begins every subject and bucket: "sipmesh". */
  readonly prefix?: string | undefined;
  /** Servers that keep each value: 1, 3 or 5. */
  readonly replicas?: number | undefined;
}

/** Where this process answers calls of others. */
export interface RpcSettings {
  readonly address: string;
  /** 0 takes any. */
  readonly port: number;
  /** What the others are told; absent: `address`, or where that is a wildcard the address that faces NATS. */
  readonly advertise?: string | undefined;
  /** Absent: calls travel in the clear, and nobody is asked who they are. */
  readonly tls?: RpcTlsSettings | undefined;
}

/** Certificates towards other processes. */
export interface RpcTlsSettings extends IdentityFiles {
  /** The DNS name in the certificate of every process of the platform. */
  readonly name: string;
}

/** What a context is made of. What is left out decides the shape, and nothing else does. */
export interface ContextSettings {
  /** Begins the instance's name: "edge" gives "edge-k3j9x". */
  readonly name: string;
  /** The instance's whole name, unique for each start; absent: made from `name`. */
  readonly instance?: string | undefined;
  /** The machine or Kubernetes node that this process runs on. */
  readonly node: string;
  /** The Kubernetes pod that this process is; absent: none. */
  readonly pod?: string | undefined;
  readonly telemetry: Telemetry;
  /** Absent: the bus and the shared store are this process's own. */
  readonly nats?: BrokerSettings | undefined;
  /** Absent: services in other processes are neither asked nor answered. */
  readonly rpc?: RpcSettings | undefined;
  /** Where values are kept over restarts when NATS keeps none; absent: nowhere. */
  readonly dataDirectory?: string | undefined;
  /** Absent: the machine's own. */
  readonly network?: Network | undefined;
}
