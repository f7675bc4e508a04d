import type { Sealer } from "@sipmesh/cluster";
import { latin1 } from "@sipmesh/environment";
import { Name, type Request, type ResponseOptions, readNameAddress, response, toBytes } from "@sipmesh/sip";

/** So that not every To tag has to be held against the mark. */
const PREFIX = "edge-";

/** Every ACK to an answer of ours has the Call-ID and the From of the request that was answered (RFC 3261 §17.1.1.3). */
function tagFor(request: Request, sealer: Sealer): string {
  const from = readNameAddress(request.first(Name.From) ?? "")?.tag ?? "";
  return PREFIX + sealer.mark(`edge\n${request.first(Name.CallId) ?? ""}\n${from}`);
}

/** An answer that the edge gives by itself (RFC 3261 §8.2.7): nothing of it is remembered, its To tag is signed. */
export function statelessAnswer(
  request: Request,
  status: number,
  sealer: Sealer,
  options: ResponseOptions,
): Uint8Array {
  const { head, body } = response(request, status, { ...options, toTag: tagFor(request, sealer) });
  return toBytes(head, body, latin1.encodeInto, Buffer.allocUnsafe);
}

/** Whether an ACK is for an answer that an edge gave without state: nobody else wants it. */
export function acknowledgesStateless(ack: Request, sealer: Sealer): boolean {
  const tag = ack.to.tag;
  return tag?.startsWith(PREFIX) === true && tag === tagFor(ack, sealer);
}
