export type {
  Bus,
  BusObserver,
  Closer,
  Destination,
  DropReason,
  Envelope,
  Inbound,
  Outbound,
  SendFailure,
} from "./bus.ts";
export { decodeFrame, encodeFrame, FrameError } from "./codec.ts";
export { connectNats, type NatsConnection, type NatsSettings } from "./connect-nats.ts";
export { memoryBus } from "./memory-bus.ts";
export { type NatsBusOptions, natsBus } from "./nats-bus.ts";
