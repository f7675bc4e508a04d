import { Name, type Request, type Response, readNumber } from "@sipmesh/sip";

/** Whether a provisional response asks for a PRACK (RFC 3262 section 4). A 100 never does. */
export function isReliableProvisional(response: Response): boolean {
  if (response.status <= 100 || response.status >= 200) return false;
  return (
    response.list(Name.Require).some((tag) => tag.toLowerCase() === "100rel") && sequenceOf(response) !== undefined
  );
}

/** The RSeq number, or undefined. */
export function sequenceOf(response: Response): number | undefined {
  return readNumber(response.first(Name.RSeq) ?? "", 0xffff_ffff);
}

/**
 * What to do with a reliable provisional response whose dialog saw `last` (undefined: none yet): the next one in order
 * is acknowledged; one seen before, or one that overtook another, is not (RFC 3262 section 4).
 */
export function inOrder(last: number | undefined, response: Response): boolean {
  const sequence = sequenceOf(response);
  return sequence !== undefined && (last === undefined || sequence === last + 1);
}

/** The RAck value of the PRACK: RSeq, and the CSeq of the INVITE (section 7.2). */
export function rackValue(response: Response): string {
  return `${sequenceOf(response)} ${response.cseq.number} ${response.cseq.method}`;
}

/** Whether a PRACK acknowledges the provisional response that we sent under these numbers (section 3). */
export function acknowledges(prack: Request, sent: { readonly rseq: number; readonly cseq: number }): boolean {
  const [rseq, cseq, method] = (prack.first(Name.RAck) ?? "").split(/[ \t]+/);
  return rseq === String(sent.rseq) && cseq === String(sent.cseq) && method === "INVITE";
}
