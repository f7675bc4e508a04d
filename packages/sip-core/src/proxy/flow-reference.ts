import type { Address, Flow, Transport } from "@sipmesh/sip";
import { ipBytes, ipText } from "./ip.ts";

/**
 * A flow in at most 12 bytes (IPv4): what our Via and Record-Route carry, sealed. The edge and, for UDP, its listener
 * stand in it as a hash; for a transport with connections the connection alone says where it leads.
 */
export interface FlowReference {
  readonly transport: Transport;
  /** `flowHash` of the flow that was referred to. */
  readonly hash: number;
  /** UDP only. */
  readonly remote?: Address;
  /** All but UDP. */
  readonly connection?: number;
}

const transports: readonly Transport[] = ["udp", "tcp", "tls", "ws", "wss"];
const IPV6 = 8;

/** FNV-1a: tells some hundred names apart; nothing rests on it that a stranger could choose. */
export function nameHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Of the edge, and for UDP of the listener with it: a UDP flow is bound to the socket that a NAT knows. */
export function flowHash(edge: string, transport: Transport, local: Address): number {
  return nameHash(transport === "udp" ? `${edge} ${local.address} ${local.port}` : edge);
}

export function referenceTo(flow: Flow): FlowReference {
  const { transport } = flow;
  const hash = flowHash(flow.edge, transport, flow.local);
  return transport === "udp"
    ? { transport, hash, remote: flow.remote }
    : { transport, hash, connection: flow.connection };
}

/** One byte of transport and address family, four of hash, then address and port, or the connection's number. */
export function encodeFlowReference(reference: FlowReference): Uint8Array {
  const { transport, hash, remote, connection = 0 } = reference;
  const address = remote === undefined ? undefined : ipBytes(remote.address);
  const length = address?.length ?? 0;
  const bytes = new Uint8Array(address === undefined ? 9 : 5 + length + 2);
  bytes[0] = transports.indexOf(transport) | (length === 16 ? IPV6 : 0);
  write(bytes, 1, 4, hash);
  if (address === undefined) {
    write(bytes, 5, 4, connection);
  } else {
    bytes.set(address, 5);
    write(bytes, 5 + length, 2, remote?.port ?? 0);
  }
  return bytes;
}

/** In network order. */
function write(bytes: Uint8Array, at: number, length: number, value: number): void {
  for (let i = 0; i < length; i++) bytes[at + i] = value >>> (8 * (length - 1 - i));
}

/** The reference that stands at `at`, and where it ends; undefined where there is none. */
export function decodeFlowReference(
  bytes: Uint8Array,
  at: number,
): { reference: FlowReference; end: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (at + 9 > bytes.length) return undefined;
  const kind = view.getUint8(at);
  const transport = transports[kind & 7];
  if (transport === undefined) return undefined;
  const hash = view.getUint32(at + 1);
  if (transport !== "udp") return { reference: { transport, hash, connection: view.getUint32(at + 5) }, end: at + 9 };
  const length = kind & IPV6 ? 16 : 4;
  const end = at + 5 + length + 2;
  if (end > bytes.length) return undefined;
  const address = ipText(bytes.subarray(at + 5, at + 5 + length));
  return { reference: { transport, hash, remote: { address, port: view.getUint16(end - 2) } }, end };
}
