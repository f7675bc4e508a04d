export type {
  Bus,
  BusObserver,
  Closer,
  Confirm,
  Confirmation,
  Destination,
  DropReason,
  Envelope,
  Handover,
  Inbound,
  Outbound,
  SendFailure,
} from "./bus.ts";
export { decodeFrame, encodeFrame, FrameError } from "./codec.ts";
export { Confirmations } from "./confirmations.ts";
export { connectNats, type NatsConnection, type NatsSettings, type NatsTls } from "./connect-nats.ts";
export { memoryBus } from "./memory-bus.ts";
export { type NatsBusOptions, natsBus } from "./nats-bus.ts";
export { type Confirmed, Unconfirmed, type UnconfirmedOptions } from "./unconfirmed.ts";
