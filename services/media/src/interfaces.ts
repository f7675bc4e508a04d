import { canonicalAddress, ipVersion, isUnspecified } from "@sipmesh/sdp";
import type { Network } from "@sipmesh/transport";
import type { MediaConfig } from "./config.ts";

/** Where ports are bound, and what peers are told. */
export interface Interface {
  readonly bind: string;
  readonly advertise: string;
}

/** What is asked of the network. */
export type Facing = Pick<Network, "ownAddresses" | "localAddressToward">;

/**
 * The interface of the relay that faces the same way as an edge: the configured one that the edge uses too, else one of
 * its address family; without configuration, the edge's own address where it is one of this host, else our address that
 * faces it, and peers are told `advertise` where that is of its family.
 *
 * @param toward the edge's address that faces the peer; may be empty
 * @param external what the world knows an own address by, where that is known to be another one
 */
export function interfaceToward(
  toward: string,
  { interfaces: configured, advertise }: Pick<MediaConfig, "interfaces" | "advertise">,
  network: Facing,
  external: (own: string) => string | undefined = () => undefined,
): Interface {
  const edge = canonicalAddress(toward);
  if (configured.length > 0) {
    const all = configured.map(({ address, advertise }) => ({ bind: address, advertise: advertise ?? address }));
    const found =
      all.find(({ bind, advertise }) => canonicalAddress(bind) === edge || canonicalAddress(advertise) === edge) ??
      all.find(({ advertise }) => ipVersion(advertise) === ipVersion(edge)) ??
      (all[0] as Interface);
    return isUnspecified(found.bind) && isUnspecified(found.advertise)
      ? { bind: found.bind, advertise: network.localAddressToward(toward) }
      : found;
  }
  const own = network.ownAddresses();
  const same = own.find((address) => canonicalAddress(address) === edge);
  const bind = same ?? (toward === "" ? (own[0] ?? "127.0.0.1") : network.localAddressToward(toward));
  const told = advertise !== undefined && ipVersion(advertise) === ipVersion(bind) ? advertise : external(bind);
  return { bind, advertise: told ?? bind };
}
