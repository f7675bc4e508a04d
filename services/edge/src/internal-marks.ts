import { latin1 } from "@sipmesh/environment";
import { Edit, type Limits, type Message, Name, parseDatagram, toBytes } from "@sipmesh/sip";

/** Header fields of this prefix are the platform's own: what comes from outside under such a name is a forgery. */
const PREFIX = "x-sipmesh-";

function forgeries(message: Message): Set<string> | undefined {
  const { fields, head } = message;
  let found: Set<string> | undefined;
  for (let i = 0; i < fields.length; i += 4) {
    if (fields[i] !== Name.Unknown) continue;
    const start = fields[i + 1] as number;
    // The first letter sorts out nearly all of them.
    if ((head.charCodeAt(start) | 32) !== 120 || head.slice(start, start + PREFIX.length).toLowerCase() !== PREFIX)
      continue;
    found ??= new Set();
    found.add(head.slice(start, head.indexOf(":", start)).trim());
  }
  return found;
}

/**
 * The message without look-alikes of internal marks, and, where its source is not trusted, without what only a trusted
 * peer may assert of its sender (RFC 3325 section 5); the same object where there is nothing of the kind.
 */
export function withoutForgeries(message: Message, limits: Limits, trusted: boolean): Message {
  const names = forgeries(message);
  const asserts = !trusted && message.has(Name.PAssertedIdentity);
  if (names === undefined && !asserts) return message;
  const edit = new Edit(message);
  for (const name of names ?? []) edit.remove(name);
  if (asserts) edit.remove(Name.PAssertedIdentity);
  const { head, body } = edit.draft();
  const parsed = parseDatagram(toBytes(head, body, latin1.encodeInto, Buffer.allocUnsafe), latin1.decode, limits);
  return parsed.ok && !("keepAlive" in parsed) ? parsed.message : message;
}
