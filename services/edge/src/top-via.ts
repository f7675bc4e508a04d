import { latin1 } from "@sipmesh/environment";
import { type Address, fromFields, Name, type Request } from "@sipmesh/sip";

const QUOTE = 34;
const COMMA = 44;
const SEMICOLON = 59;
const BACKSLASH = 92;

/** Positions of each semicolon outside quotes from `start` on, and last of all where the value ends. */
function cuts(head: string, start: number, end: number): number[] {
  const found: number[] = [];
  let quoted = false;
  for (let i = start; i < end; i += 1) {
    const code = head.charCodeAt(i);
    if (quoted) {
      if (code === BACKSLASH) i += 1;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === SEMICOLON) found.push(i);
    else if (code === COMMA) {
      found.push(i);
      return found;
    }
  }
  found.push(end);
  return found;
}

function parameterName(text: string): string {
  const equals = text.indexOf("=");
  return (equals < 0 ? text : text.slice(0, equals)).slice(1).trim().toLowerCase();
}

/**
 * The parameters of the Via value that lies from `start` to `end` (or a comma), with `received` and `rport` filled in.
 */
function filled(head: string, start: number, end: number, source: Address): { at: number; to: number; text: string } {
  const places = cuts(head, start, end);
  const at = places[0] as number;
  let text = "";
  for (let i = 0; i + 1 < places.length; i += 1) {
    const parameter = head.slice(places[i], places[i + 1]);
    const name = parameterName(parameter);
    if (name === "rport") text += `;rport=${source.port}`;
    else if (name !== "received") text += parameter;
  }
  return { at, to: places.at(-1) as number, text: `${text};received=${source.address}` };
}

/**
 * The request with the source that it was seen to come from in its topmost Via (RFC 3261 §18.2.1, RFC 3581 §4): the
 * same bytes but for that one value. What a sender itself wrote as `received` or `rport` does not stand. The same object
 * where nothing is to be changed.
 */
export function withSource(request: Request, source: Address): Request {
  const { via, head, fields } = request;
  if (via.rport === undefined && via.received === undefined && via.host === source.address) return request;
  const index = request.indexOf(Name.Via);
  const { at, to, text } = filled(head, fields[index + 2] as number, fields[index + 3] as number, source);
  const { raw } = request;
  const added = text.length - (to - at);
  const bytes = Buffer.allocUnsafe(raw.length + added);
  bytes.set(raw.subarray(0, at), 0);
  latin1.encodeInto(text, bytes, at);
  bytes.set(raw.subarray(to), at + text.length);
  const moved = fields.slice();
  moved[index + 3] = (moved[index + 3] as number) + added;
  for (let i = index + 4; i < moved.length; i += 4) {
    moved[i + 1] = (moved[i + 1] as number) + added;
    moved[i + 2] = (moved[i + 2] as number) + added;
    moved[i + 3] = (moved[i + 3] as number) + added;
  }
  return fromFields(bytes, moved, latin1.decode) as Request;
}

/**
 * Where the responses to a request over UDP go (RFC 3261 §18.2.2, RFC 3581): back to the source. Only a sender that is
 * seen under the very address that it names and did not ask for `rport` gets them at the port that it names.
 */
export function responseTarget(request: Request, source: Address): Address {
  const { via } = request;
  if (via.rport !== undefined || via.host !== source.address) return source;
  const port = via.port ?? 5060;
  return port === source.port ? source : { address: source.address, port };
}
