import type { Counter, Metrics } from "@sipmesh/telemetry";
import { metrics as definitions } from "./telemetry.ts";

/** The counters of the packet path, resolved once. */
export interface Counters {
  readonly rtpPackets: Counter;
  readonly rtpBytes: Counter;
  readonly rtcpPackets: Counter;
  readonly rtcpBytes: Counter;
  readonly source: Counter;
  readonly unwired: Counter;
  readonly nowhere: Counter;
  readonly send: Counter;
  readonly lost: Counter;
}

export function countersOf(metrics: Metrics): Counters {
  const packets = metrics.counter(definitions.packets);
  const bytes = metrics.counter(definitions.bytes);
  const drops = metrics.counter(definitions.drops);
  return {
    rtpPackets: packets.with({ kind: "rtp" }),
    rtpBytes: bytes.with({ kind: "rtp" }),
    rtcpPackets: packets.with({ kind: "rtcp" }),
    rtcpBytes: bytes.with({ kind: "rtcp" }),
    source: drops.with({ reason: "source" }),
    unwired: drops.with({ reason: "unwired" }),
    nowhere: drops.with({ reason: "nowhere" }),
    send: drops.with({ reason: "send" }),
    lost: metrics.counter(definitions.lost),
  };
}
