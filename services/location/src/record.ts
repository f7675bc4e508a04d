import { latin1 } from "@sipmesh/environment";
import type { Flow, Transport } from "@sipmesh/sip";
import type { Binding } from "@sipmesh/sip-core";

/*
 * The bindings of one address of record as they are stored:
 *
 *    0        1        2                                               8
 *   +--------+--------+-----------------------------------------------+----------------
 *   | format | count  | when the last one expires, ms since the epoch | JSON in latin1 …
 *   +--------+--------+-----------------------------------------------+----------------
 *
 * The head lets a sweep pass over a record without reading it. The JSON is an array of bindings, each an array:
 * [uri, q, parameters, callId, cseq, expiresAt, lifetime, userAgent, nat (0 or 1), path, flow]; `flow` is 0 or
 * [edge, transport, local address, local port, remote address, remote port, connection].
 * A change of the format gets a new number, and the old one stays readable.
 */
const FORMAT = 1;
const HEAD = 8;

type StoredFlow = readonly [string, Transport, string, number, string, number, number];
type StoredBinding = readonly [
  uri: string,
  q: number,
  parameters: string,
  callId: string,
  cseq: number,
  expiresAt: number,
  lifetime: number,
  userAgent: string,
  nat: 0 | 1,
  path: readonly string[],
  flow: 0 | StoredFlow,
];

/** What the head of a record says. */
export interface Summary {
  readonly contacts: number;
  /** Milliseconds since the epoch. */
  readonly latestExpiry: number;
}

/** A record that this version cannot read. */
export class UnreadableRecord extends Error {
  override readonly name = "UnreadableRecord";
  readonly code = "location-unreadable-record";
}

export function encodeBindings(bindings: readonly Binding[]): Uint8Array {
  const { contacts, latestExpiry } = summaryOf(bindings);
  const text = JSON.stringify(bindings.map(toStored));
  const bytes = new Uint8Array(HEAD + text.length);
  bytes[0] = FORMAT;
  bytes[1] = Math.min(contacts, 255);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, Math.floor(latestExpiry / 0x1_0000_0000));
  view.setUint32(4, latestExpiry >>> 0);
  latin1.encodeInto(text, bytes, HEAD);
  return bytes;
}

/** @throws UnreadableRecord */
export function readSummary(bytes: Uint8Array): Summary {
  if (bytes[0] !== FORMAT || bytes.length < HEAD) throw new UnreadableRecord(`format ${bytes[0]}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD);
  return { contacts: bytes[1] as number, latestExpiry: view.getUint16(2) * 0x1_0000_0000 + view.getUint32(4) };
}

/** @throws UnreadableRecord */
export function decodeBindings(bytes: Uint8Array): Binding[] {
  readSummary(bytes);
  try {
    return (JSON.parse(latin1.decode(bytes, HEAD, bytes.length)) as StoredBinding[]).map(fromStored);
  } catch (error) {
    throw new UnreadableRecord("damaged", { cause: error });
  }
}

export function summaryOf(bindings: readonly Binding[]): Summary {
  let latestExpiry = 0;
  for (const { expiresAt } of bindings) if (expiresAt > latestExpiry) latestExpiry = expiresAt;
  return { contacts: bindings.length, latestExpiry };
}

function toStored(one: Binding): StoredBinding {
  return [
    one.uri,
    one.q,
    one.parameters,
    one.callId,
    one.cseq,
    one.expiresAt,
    one.lifetime,
    one.userAgent,
    one.nat ? 1 : 0,
    one.path,
    one.flow === undefined ? 0 : flowToStored(one.flow),
  ];
}

function fromStored(stored: StoredBinding): Binding {
  const [uri, q, parameters, callId, cseq, expiresAt, lifetime, userAgent, nat, path, flow] = stored;
  const binding = { uri, q, parameters, callId, cseq, expiresAt, lifetime, userAgent, nat: nat === 1, path };
  return flow === 0 ? binding : { ...binding, flow: flowFromStored(flow) };
}

function flowToStored({ edge, transport, local, remote, connection }: Flow): StoredFlow {
  return [edge, transport, local.address, local.port, remote.address, remote.port, connection];
}

function flowFromStored(stored: StoredFlow): Flow {
  const [edge, transport, localAddress, localPort, remoteAddress, remotePort, connection] = stored;
  return {
    edge,
    transport,
    local: { address: localAddress, port: localPort },
    remote: { address: remoteAddress, port: remotePort },
    connection,
  };
}
