import { latin1 } from "@sipmesh/environment";
import { Edit, Name, parseDatagram, toBytes } from "@sipmesh/sip";

/**
 * A 503 as a trusted peer is to see it: some trunks take Retry-After as a reason to send nothing at all for that long,
 * which RFC 3261 section 21.5.4 lets them.
 */
export function withoutRetryAfter(raw: Uint8Array): Uint8Array {
  const parsed = parseDatagram(raw, latin1.decode);
  if (!parsed.ok || "keepAlive" in parsed || !parsed.message.has(Name.RetryAfter)) return raw;
  const { head, body } = new Edit(parsed.message).remove(Name.RetryAfter).draft();
  return toBytes(head, body, latin1.encodeInto, Buffer.allocUnsafe);
}
