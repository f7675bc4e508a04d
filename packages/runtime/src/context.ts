import type { Bus } from "@sipmesh/bus";
import type { Cluster, Sealer } from "@sipmesh/cluster";
import type { Clock, EventLoop, Random } from "@sipmesh/environment";
import type { Rpc } from "@sipmesh/rpc";
import type { Store } from "@sipmesh/store";
import type { Telemetry } from "@sipmesh/telemetry";
import type { Network } from "@sipmesh/transport";

/** Everything that a service is handed. What is behind each part decides the shape; a service never asks. */
export interface Context {
  readonly clock: Clock;
  readonly eventLoop: EventLoop;
  readonly random: Random;
  readonly network: Network;
  readonly bus: Bus;
  readonly store: Store;
  readonly rpc: Rpc;
  readonly cluster: Cluster;
  readonly sealer: Sealer;
  readonly telemetry: Telemetry;
  /** This process: unique for each start, as presence tells it. */
  readonly instance: string;
  /** The Kubernetes pod that this process is; absent: none. */
  readonly pod?: string;
  /** Where files may be kept over restarts; absent: nowhere. */
  readonly dataDirectory?: string;
}
