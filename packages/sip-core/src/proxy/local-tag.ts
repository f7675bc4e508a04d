import type { Request } from "@sipmesh/sip";
import type { Sealer } from "./sealer.ts";

/**
 * The To tag of every answer that we make ourselves: a keyed mark of the request, so that each member gives the same
 * answer the same tag, and the ACK of an answer that nobody remembers is recognised (RFC 3261 section 16.11).
 */
export function localTag(request: Request, sealer: Sealer): string {
  return sealer.mark(`tag\n${request.callId}\n${request.from.tag ?? ""}\n${request.cseq.number}`);
}

/** The request answers, or is within, something that we ended ourselves. */
export function bearsLocalTag(request: Request, sealer: Sealer): boolean {
  return request.to.tag !== undefined && request.to.tag === localTag(request, sealer);
}
