import { type Flow as WireFlow, Transport as WireTransport } from "@sipmesh/proto/flow";
import type { Flow, Transport } from "@sipmesh/sip";

const TO_WIRE: Readonly<Record<Transport, WireTransport>> = {
  udp: WireTransport.TRANSPORT_UDP,
  tcp: WireTransport.TRANSPORT_TCP,
  tls: WireTransport.TRANSPORT_TLS,
  ws: WireTransport.TRANSPORT_WS,
  wss: WireTransport.TRANSPORT_WSS,
};
const FROM_WIRE = new Map(Object.entries(TO_WIRE).map(([name, number]) => [number, name as Transport]));

export function flowToWire({ edge, transport, local, remote, connection }: Flow): WireFlow {
  return { edge, transport: TO_WIRE[transport], local, remote, connection };
}

/** Undefined: no flow, or an incomplete one. */
export function flowFromWire(flow: WireFlow | undefined): Flow | undefined {
  if (flow?.local === undefined || flow.remote === undefined) return undefined;
  const transport = FROM_WIRE.get(flow.transport);
  if (transport === undefined) return undefined;
  return { edge: flow.edge, transport, local: flow.local, remote: flow.remote, connection: flow.connection };
}
