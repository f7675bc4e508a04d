import { bindBatched } from "./batched-socket.ts";
import { bindDatagram } from "./datagram-socket.ts";
import type { UdpOptions, UdpSocket } from "./network.ts";

/** Binds a UDP socket: one that sends and reads in batches where the system has that, else one of Node.js. */
export async function bindUdp(options: UdpOptions): Promise<UdpSocket> {
  return bindBatched(options) ?? bindDatagram(options);
}
