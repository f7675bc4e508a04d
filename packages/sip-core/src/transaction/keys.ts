import { branchCookie, Name, type Request, type Response, readVia, type Via } from "@sipmesh/sip";

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

/** The server transaction that a response will go back to, by the Via below our own; undefined where that does not tell. */
export function upstreamTransactionKey(response: Response): string | undefined {
  const [, below] = response.list(Name.Via);
  const via = below === undefined ? undefined : readVia(below);
  return via !== undefined && isUnique(via) ? `${via.branch} ${sentBy(via)} ${response.cseq.method}` : undefined;
}

/** The key under which the response to a request that we send will ask for its client transaction. */
export function clientKey(branch: string, method: string): string {
  return `${branch} ${method}`;
}

function keyAs(request: Request, method: string): string {
  const { via } = request;
  return isUnique(via) ? `${via.branch} ${sentBy(via)} ${method}` : oldKey(request, via, method);
}

function isUnique({ branch = "" }: Via): boolean {
  return branch.length > branchCookie.length && branch.startsWith(branchCookie);
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
