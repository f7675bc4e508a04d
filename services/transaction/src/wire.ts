import type { Flow as WireFlow } from "@sipmesh/proto/flow";
import type { Flow, Transport } from "@sipmesh/sip";

const transports: readonly Transport[] = ["udp", "tcp", "tls", "ws", "wss"];

/** The number of a transport in `flow.proto`: 1 to 5. */
export function wireTransport(transport: Transport): WireFlow["transport"] {
  return (transports.indexOf(transport) + 1) as WireFlow["transport"];
}

/** Undefined for a number that this version does not know. */
export function transportOf(wire: number): Transport | undefined {
  return transports[wire - 1];
}

export function wireFlow(flow: Flow): WireFlow {
  const { edge, local, remote, connection } = flow;
  return { edge, transport: wireTransport(flow.transport), local, remote, connection };
}

/** Undefined where the flow lacks what a flow must have. */
export function flowOf(wire: WireFlow | undefined): Flow | undefined {
  const transport = wire && transportOf(wire.transport);
  if (wire?.local === undefined || wire.remote === undefined || transport === undefined) return undefined;
  return { edge: wire.edge, transport, local: wire.local, remote: wire.remote, connection: wire.connection };
}

/** Bytes as the generated code takes them; nothing is copied. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
