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
