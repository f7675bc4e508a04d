import { Facing } from "./facing.ts";
import type { Network } from "./network.ts";
import { systemResolver } from "./system-resolver.ts";
import { connectTcp, listenTcp } from "./tcp.ts";
import { bindUdp } from "./udp.ts";

/** The network of the host that this process runs on. */
export function systemNetwork(): Network {
  const facing = new Facing();
  return {
    udp: bindUdp,
    listen: listenTcp,
    connect: connectTcp,
    localAddressToward: (remote) => facing.toward(remote),
    ownAddresses: () => facing.addresses(),
    resolver: systemResolver(),
  };
}
