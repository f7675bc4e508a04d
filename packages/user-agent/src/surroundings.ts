import type { Clock, Random } from "@sipmesh/environment";
import type { TimerSettings } from "@sipmesh/sip-core";
import type { Network } from "@sipmesh/transport";

/** All that a user agent has of the world: real sockets and time, or those of a simulation. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  /** Those of RFC 3261 where absent. */
  readonly timers?: TimerSettings;
  /** Told of what a handler of the application throws, and of sockets in trouble. */
  report?(error: unknown): void;
}
