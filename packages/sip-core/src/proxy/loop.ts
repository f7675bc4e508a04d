import { Name, type Request } from "@sipmesh/sip";
import type { RouteInformation } from "./route-processing.ts";
import type { Sealer } from "./sealer.ts";

const COOKIE = "z9hG4bK";
const LOOP_CHARACTERS = 8;
const MARK_CHARACTERS = 13;

/**
 * The part of our branches by which a loop is seen (RFC 5393 section 4.2.1): a keyed hash of everything that decides
 * where the request goes. A spiral comes back with another Request-URI, and so with another mark. Credentials are left
 * out: ours are taken off on the way, and who is challenged asks again with another CSeq.
 */
export function loopMark(request: Request, route: RouteInformation, sealer: Sealer): string {
  let text = `loop\n${request.callId}\n${request.from.tag ?? ""}\n${request.to.tag ?? ""}\n${request.cseq.number}\n${request.method}\n${route.uri}`;
  for (const value of route.routes) text += `\n${value}`;
  for (const value of request.all(Name.ProxyRequire)) text += `\n${value}`;
  return sealer.mark(text).slice(0, LOOP_CHARACTERS);
}

/**
 * The branch of a forwarded request: a keyed hash of the received Via, the Call-ID and the target, so that any member
 * can compute it again for a CANCEL or a retransmission; then the loop mark.
 */
export function branchFor(request: Request, target: string, attempt: number, loop: string, sealer: Sealer): string {
  const { via, callId, cseq } = request;
  return `${COOKIE}${sealer.mark(`branch\n${via.text}\n${callId}\n${cseq.number}\n${target}\n${attempt}`)}${loop}`;
}

/** The request passed here before and nothing that decides its way has changed since (RFC 5393 section 4.2.2). */
export function isLoop(request: Request, loop: string): boolean {
  const length = COOKIE.length + MARK_CHARACTERS + loop.length;
  for (const line of request.all(Name.Via)) {
    for (let at = line.indexOf(loop); at >= 0; at = line.indexOf(loop, at + 1)) {
      const start = at + loop.length - length;
      if (start >= 0 && line.startsWith(COOKIE, start)) return true;
    }
  }
  return false;
}
