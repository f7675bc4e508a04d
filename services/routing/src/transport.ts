import { Transport as Wire } from "@sipmesh/proto/flow";
import type { Transport } from "@sipmesh/sip";

const TO_WIRE: Readonly<Record<Transport, Wire>> = {
  udp: Wire.TRANSPORT_UDP,
  tcp: Wire.TRANSPORT_TCP,
  tls: Wire.TRANSPORT_TLS,
  ws: Wire.TRANSPORT_WS,
  wss: Wire.TRANSPORT_WSS,
};
const FROM_WIRE = new Map(Object.entries(TO_WIRE).map(([name, number]) => [number, name as Transport]));

export function toWire(transport: Transport): Wire {
  return TO_WIRE[transport];
}

export function fromWire(transport: Wire): Transport | undefined {
  return FROM_WIRE.get(transport);
}
