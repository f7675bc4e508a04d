import { Side as ProtoSide, type StreamReport } from "@sipmesh/proto/media";
import type { Bridge } from "./bridge.ts";
import type { Leg, Side } from "./session.ts";

/** What was received from one side of a stream. */
export function reportOf(bridge: Bridge, leg: Leg, media: number, side: Side, now: number): StreamReport {
  const { receiver, held } = bridge.received(side);
  return {
    calleeTag: leg.calleeTag,
    from: side === "caller" ? ProtoSide.SIDE_CALLER : ProtoSide.SIDE_CALLEE,
    media,
    packets: BigInt(receiver.packets),
    octets: BigInt(receiver.octets),
    lost: BigInt(receiver.lost),
    jitter: receiver.jitter,
    idle: receiver.lastPacket === undefined ? 0 : now - receiver.lastPacket,
    held,
  };
}
