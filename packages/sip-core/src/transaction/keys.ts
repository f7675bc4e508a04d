import type { Request, Response, Via } from "@sipmesh/sip";
import { branchCookie } from "@sipmesh/sip";

/**
 * The server transaction that a request belongs to (RFC 3261 section 17.2.3): an ACK has the key of its INVITE. A
 * request whose branch lacks the magic cookie, or has nothing after it, is matched as RFC 2543 did.
 */
export function serverTransactionKey(request: Request): string {
  return keyAs(request, request.method === "ACK" ? "INVITE" : request.method);
}

/** The key of the INVITE that a CANCEL or ACK belongs to (sections 9.2, 17.2.3). */
export function inviteKeyOf(request: Request): string {
  return keyAs(request, "INVITE");
}

/** The client transaction that a response belongs to (section 17.1.3): the branch of its topmost Via, and the method. */
export function clientTransactionKey(response: Response): string {
  return `${response.via.branch ?? ""} ${response.cseq.method}`;
}

/** The key under which the response to a request that we send will ask for its client transaction. */
export function clientKey(branch: string, method: string): string {
  return `${branch} ${method}`;
}

function keyAs(request: Request, method: string): string {
  const { via } = request;
  if (via.branch !== undefined && via.branch.length > branchCookie.length && via.branch.startsWith(branchCookie)) {
    return `${via.branch} ${sentBy(via)} ${method}`;
  }
  return oldKey(request, via, method);
}

function sentBy(via: Via): string {
  return via.port === undefined ? via.host : `${via.host}:${via.port}`;
}

/**
 * Section 17.2.3, second list. The To tag takes no part in the key of an INVITE: its ACK bears the tag of the response.
 * Within a dialog the CSeq tells one INVITE from the next.
 */
function oldKey(request: Request, via: Via, method: string): string {
  const to = method === "INVITE" ? "" : (request.to.tag ?? "");
  const from = request.from.tag ?? "";
  return `${request.uri} ${to} ${from} ${request.callId} ${request.cseq.number} ${sentBy(via)} ${via.branch ?? ""} ${method}`;
}
