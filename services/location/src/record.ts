import { latin1 } from "@sipmesh/environment";
import type { Flow, Transport } from "@sipmesh/sip";
import type { Binding } from "@sipmesh/sip-core";

/*
 * The bindings of one address of record as they are stored:
 *
 *    0        1        2                                               8
 *   +--------+--------+-----------------------------------------------+----------------
 *   | format | count  | when the last one expires, ms since the epoch | latin1 text …
 *   +--------+--------+-----------------------------------------------+----------------
 *
 * The head lets a sweep pass over a record without reading it. The text has a line for each binding, its fields divided by
 * tabs: uri, q, parameters, Call-ID, CSeq, expiry (ms since the epoch), lifetime (s), User-Agent, NAT (0 or 1); of the
 * flow edge (empty: there is no flow), transport, local address, local port, remote address, remote port, connection; then
 * the Path values. Tab, line feed and backslash within a field are written \t, \n and \\.
 * A change of the format gets a new number, and the old one stays readable.
 */
const FORMAT = 1;
const HEAD = 8;
const FIELDS = 16;
/** What the count says where there are that many or more. */
const MAX_COUNT = 255;

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
  let latestExpiry = 0;
  let text = "";
  for (const binding of bindings) {
    if (binding.expiresAt > latestExpiry) latestExpiry = binding.expiresAt;
    text += lineOf(binding);
  }
  const bytes = Buffer.allocUnsafe(HEAD + text.length);
  bytes[0] = FORMAT;
  bytes[1] = Math.min(bindings.length, MAX_COUNT);
  bytes.writeUInt16BE(Math.floor(latestExpiry / 0x1_0000_0000), 2);
  bytes.writeUInt32BE(latestExpiry >>> 0, 4);
  bytes.write(text, HEAD, "latin1");
  return bytes;
}

/** @throws UnreadableRecord */
export function readSummary(bytes: Uint8Array): Summary {
  if (bytes[0] !== FORMAT || bytes.length < HEAD) throw new UnreadableRecord(`format ${bytes[0]}`);
  let latestExpiry = 0;
  for (let at = 2; at < HEAD; at++) latestExpiry = latestExpiry * 256 + (bytes[at] as number);
  return { contacts: bytes[1] as number, latestExpiry };
}

/** @throws UnreadableRecord */
export function decodeBindings(bytes: Uint8Array): Binding[] {
  const { contacts } = readSummary(bytes);
  const lines = latin1.decode(bytes, HEAD, bytes.length).split("\n");
  // Every line is ended: nothing follows the last one.
  if (lines.pop() !== "" || Math.min(lines.length, MAX_COUNT) !== contacts) throw new UnreadableRecord("cut short");
  return lines.map(bindingOf);
}

export function summaryOf(bindings: readonly Binding[]): Summary {
  let latestExpiry = 0;
  for (const { expiresAt } of bindings) if (expiresAt > latestExpiry) latestExpiry = expiresAt;
  return { contacts: bindings.length, latestExpiry };
}

function lineOf({
  uri,
  q,
  parameters,
  callId,
  cseq,
  expiresAt,
  lifetime,
  userAgent,
  nat,
  flow,
  path,
}: Binding): string {
  let line = `${escaped(uri)}\t${q}\t${escaped(parameters)}\t${escaped(callId)}\t${cseq}\t${expiresAt}\t${lifetime}\t${escaped(userAgent)}\t${nat ? 1 : 0}\t`;
  if (flow === undefined) line += "\t\t\t\t\t\t";
  else {
    const { edge, transport, local, remote, connection } = flow;
    line += `${edge}\t${transport}\t${local.address}\t${local.port}\t${remote.address}\t${remote.port}\t${connection}`;
  }
  for (const value of path) line += `\t${escaped(value)}`;
  return `${line}\n`;
}

function bindingOf(line: string): Binding {
  const fields = line.split("\t");
  if (fields.length < FIELDS) throw new UnreadableRecord("a binding with too few fields");
  const field = (at: number): string => unescaped(fields[at] as string);
  const number = (at: number): number => {
    const value = Number(fields[at]);
    if (!Number.isSafeInteger(value)) throw new UnreadableRecord("a field that is no number");
    return value;
  };
  const binding = {
    uri: field(0),
    q: number(1),
    parameters: field(2),
    callId: field(3),
    cseq: number(4),
    expiresAt: number(5),
    lifetime: number(6),
    userAgent: field(7),
    nat: fields[8] === "1",
    path: fields.slice(FIELDS).map(unescaped),
  };
  if (fields[9] === "") return binding;
  const flow: Flow = {
    edge: field(9),
    transport: field(10) as Transport,
    local: { address: field(11), port: number(12) },
    remote: { address: field(13), port: number(14) },
    connection: number(15),
  };
  return { ...binding, flow };
}

function escaped(text: string): string {
  if (!/[\t\n\\]/.test(text)) return text;
  return text.replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n");
}

function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\(.)/g, (_, character: string) =>
    character === "t" ? "\t" : character === "n" ? "\n" : character,
  );
}
