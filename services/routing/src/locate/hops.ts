import type { Transport } from "@sipmesh/sip";

/** Where a message can be sent: one address, one transport. */
export interface Hop {
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
  /** The name that was looked up; of a numeric host the address. A TLS peer must prove it. */
  readonly host: string;
}

/** What can be sent at all: what the edges of the platform speak. */
export interface Abilities {
  readonly transports: ReadonlySet<Transport>;
  readonly families: ReadonlySet<4 | 6>;
}

/** The addresses to try, in order; or the response that says why there is none. */
export type Located = { readonly hops: readonly Hop[] } | { readonly status: number; readonly reason: string };

export function notLocated(status: number, reason: string): Located {
  return { status, reason };
}
