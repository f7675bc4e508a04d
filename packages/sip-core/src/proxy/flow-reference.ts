import { type Address, type Flow, ipBytes, ipText, type Transport } from "@sipmesh/sip";

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
  return hashOn(0x811c9dc5, text) >>> 0;
}

function hashOn(before: number, text: string): number {
  let hash = before;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/**
 * Of the edge, and for UDP of its listener: half of it tells the edge, half the address, for a UDP flow is bound to the
 * address that a NAT knows, and lives on with who has that next.
 */
export function flowHash(edge: string, transport: Transport, local: Address): number {
  if (transport !== "udp") return nameHash(edge);
  return ((folded(nameHash(edge)) << 16) | listenerHash(local)) >>> 0;
}

/** The half of a UDP flow's hash that tells its listener: of a hash that was read, `hash & 0xffff`. */
export function listenerHash(local: Address): number {
  return folded(nameHash(`${local.address} ${local.port}`));
}

function folded(hash: number): number {
  return (hash ^ (hash >>> 16)) & 0xffff;
}

export function referenceTo(flow: Flow): FlowReference {
  const { transport } = flow;
  const hash = flowHash(flow.edge, transport, flow.local);
  return transport === "udp"
    ? { transport, hash, remote: flow.remote }
    : { transport, hash, connection: flow.connection };
}

/** Octets that a reference takes at most. */
export const LONGEST_REFERENCE = 23;

/**
 * Writes one byte of transport and address family, four of hash, then address and port, or the connection's number.
 * @returns where it ends
 */
export function writeFlowReference(reference: FlowReference, bytes: Uint8Array, at: number): number {
  const { transport, hash, remote, connection = 0 } = reference;
  const address = remote === undefined ? undefined : ipBytes(remote.address);
  bytes[at] = transports.indexOf(transport) | (address?.length === 16 ? IPV6 : 0);
  writeWord(bytes, at + 1, hash);
  if (address === undefined) {
    writeWord(bytes, at + 5, connection);
    return at + 9;
  }
  bytes.set(address, at + 5);
  const port = remote?.port ?? 0;
  const end = at + 5 + address.length + 2;
  bytes[end - 2] = port >>> 8;
  bytes[end - 1] = port;
  return end;
}

/** In network order. */
export function writeWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function readWord(bytes: Uint8Array, at: number): number {
  const byte = (place: number): number => bytes[place] ?? 0;
  return ((byte(at) << 24) | (byte(at + 1) << 16) | (byte(at + 2) << 8) | byte(at + 3)) >>> 0;
}

/** The reference that stands at `at`, and where it ends; undefined where there is none. */
export function readFlowReference(
  bytes: Uint8Array,
  at: number,
): { reference: FlowReference; end: number } | undefined {
  if (at + 9 > bytes.length) return undefined;
  const kind = bytes[at] as number;
  const transport = transports[kind & 7];
  if (transport === undefined) return undefined;
  const hash = readWord(bytes, at + 1);
  if (transport !== "udp") return { reference: { transport, hash, connection: readWord(bytes, at + 5) }, end: at + 9 };
  const length = kind & IPV6 ? 16 : 4;
  const end = at + 5 + length + 2;
  if (end > bytes.length) return undefined;
  const address = ipText(bytes.subarray(at + 5, at + 5 + length));
  const port = ((bytes[end - 2] as number) << 8) | (bytes[end - 1] as number);
  return { reference: { transport, hash, remote: { address, port } }, end };
}
