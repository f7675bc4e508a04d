import type { Request } from "@sipmesh/sip";

/** Requests outside a dialog that begin one, or belong to the transaction that does. */
const callMethods: ReadonlySet<string> = new Set(["INVITE", "ACK", "CANCEL", "SUBSCRIBE", "REFER", "PRACK", "UPDATE"]);

/**
 * What the trace id of a call is made of: Call-ID and the From tag of the request that began it. Every service and every
 * later request of the call has both. `cseq` is for stand-alone requests, each of which is a trace of its own.
 */
export const traceNameOf = (callId: string, initialFromTag: string, cseq?: number): string =>
  cseq === undefined ? `${callId}\n${initialFromTag}` : `${callId}\n${initialFromTag}\n${cseq}`;

/** The same of a request outside a dialog: one without a To tag, an ACK or a CANCEL. */
export const traceName = (request: Request): string =>
  traceNameOf(
    request.callId,
    request.from.tag ?? "",
    callMethods.has(request.method) ? undefined : request.cseq.number,
  );
