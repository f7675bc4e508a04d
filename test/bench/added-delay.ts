import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Capture } from "@sipmesh/drivers";
import { CALLEE_PORT, Calls, SERVER_PORT } from "./load.ts";
import type { Peer } from "./peer.ts";

/** Nothing but datagrams that begin with "INVI". */
const INVITES = "udp and udp[8:4] = 0x494e5649";

const WARM_UP_SECONDS = 20;

/** Milliseconds by which a peer holds INVITEs up. */
export interface Delay {
  readonly median: number;
  readonly p99: number;
}

/**
 * From the moment in which an INVITE is sent to the peer until it leaves for the callee, by the kernel's clock: what SIPp
 * takes to send and to read is not in it.
 */
export async function addedDelay(peer: Peer, rate: number, seconds: number): Promise<Delay> {
  const calls = await Calls.to(peer);
  try {
    await calls.run(rate, WARM_UP_SECONDS * rate);
    const capture = await Capture.start({
      folder: mkdtempSync(join(tmpdir(), "sipmesh-bench-")),
      name: "invites",
      sipPorts: [SERVER_PORT, CALLEE_PORT],
      filter: INVITES,
    });
    const { successful } = await calls.run(rate, rate * seconds);
    await capture.stop();
    const delays = delaysIn(await capture.read("sip", ["frame.time_epoch", "udp.dstport", "sip.Call-ID"]));
    if (delays.length < successful) throw new Error(`${delays.length} INVITEs were seen of ${successful} calls`);
    return { median: quantile(delays, 0.5), p99: quantile(delays, 0.99) };
  } finally {
    await calls.end();
  }
}

function delaysIn(packets: readonly (readonly string[])[]): number[] {
  const arrived = new Map<string, number>();
  const delays: number[] = [];
  for (const [time, port, call = ""] of packets) {
    const milliseconds = Number(time) * 1000;
    const since = arrived.get(call);
    // A retransmission waits as long as the first did.
    if (Number(port) === SERVER_PORT) arrived.set(call, since ?? milliseconds);
    else if (since !== undefined) delays.push(milliseconds - since);
  }
  return delays.sort((a, b) => a - b);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}
