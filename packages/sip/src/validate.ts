import { everyCharacter } from "./characters.ts";
import { stride } from "./fields.ts";
import type { Message, Request, Response } from "./message.ts";
import { Name } from "./name.ts";
import { readNameAddress } from "./name-address.ts";
import { badRequest, dropped, MessageError, type Problem } from "./problem.ts";
import { readUri } from "./uri.ts";
import { branchCookie, readVia } from "./via.ts";

/** Header fields of which a message has exactly one (§8.1.1), and Via, of which it has one at least. */
const mandatory = [
  [Name.Via, "via", "Via"],
  [Name.To, "to", "To"],
  [Name.From, "from", "From"],
  [Name.CallId, "call-id", "Call-ID"],
  [Name.CSeq, "cseq", "CSeq"],
  [Name.MaxForwards, "max-forwards", "Max-Forwards"],
] as const;

const missing: Problem[] = [];
const repeated: Problem[] = [];
for (const [name, code, text] of mandatory) {
  missing[name] = badRequest(`missing-${code}`, `Bad Request - missing ${text}`);
  repeated[name] = badRequest(`multiple-${code}`, `Bad Request - more than one ${text}`);
}

const badCallId = badRequest("bad-call-id", "Bad Request - malformed Call-ID");
const badBranch = badRequest("empty-branch", "Bad Request - Via branch is the cookie and nothing else");
const badMaxForwards = badRequest("bad-max-forwards", "Bad Request - malformed Max-Forwards");
const badRequestUri = badRequest("bad-request-uri", "Bad Request - malformed Request-URI");
const uriHeaders = badRequest("request-uri-headers", "Bad Request - header fields in the Request-URI");
const badRoute = badRequest("bad-route", "Bad Request - malformed Route");
const methodMismatch = badRequest("cseq-method-mismatch", "Bad Request - CSeq names another method");
const broadcastVia = badRequest("broadcast-via", "Via names a broadcast address");

/** Bits of the names seen; their numbers are all below 32. */
const seenOnce = (message: Message): Problem | undefined => {
  let seen = 0;
  let again = 0;
  const { fields } = message;
  for (let i = 0; i < fields.length; i += stride) {
    const name = fields[i] as number;
    if (name > Name.MaxForwards) continue;
    const bit = 1 << name;
    if ((seen & bit) !== 0) again |= bit;
    seen |= bit;
  }
  for (const [name] of mandatory) {
    const bit = 1 << name;
    if ((seen & bit) === 0 && name !== Name.MaxForwards) return missing[name];
    if ((again & bit) !== 0 && name !== Name.Via) return repeated[name];
  }
  return undefined;
};

/** A Call-ID is visible characters, no white space (§25.1). */
const inCallId = new Uint8Array(256).fill(1, 33);
inCallId[127] = 0;

/** What both requests and responses need for their transaction. The values that are read here stay read. */
const common = (message: Message): Problem | undefined => {
  const count = seenOnce(message);
  if (count !== undefined) return count;
  try {
    if (message.via.branch === branchCookie) return badBranch;
    message.from;
    message.to;
    message.cseq;
  } catch (error) {
    if (error instanceof MessageError) return error.problem;
    throw error;
  }
  return everyCharacter(inCallId, message.callId) ? undefined : badCallId;
};

/** Route steers the request, so all of it has to be understood (§16.3 step 1). */
const route = (request: Request): Problem | undefined => {
  if (!request.has(Name.Route)) return undefined;
  for (const value of request.list(Name.Route)) {
    const address = readNameAddress(value);
    if (address === undefined || readUri(address.uri) === undefined) return badRoute;
  }
  return undefined;
};

const validateRequest = (request: Request): Problem | undefined => {
  const uri = readUri(request.uri);
  if (uri === undefined) return badRequestUri;
  // §19.1.1: no header components in a Request-URI; they would become header fields of what is forwarded.
  if (uri.kind === "sip" && uri.headers !== undefined) return uriHeaders;
  const problem = common(request);
  if (problem !== undefined) return problem;
  if (request.cseq.method !== request.method) return methodMismatch;
  if (request.maxForwards === undefined && request.has(Name.MaxForwards)) return badMaxForwards;
  return route(request);
};

const validateResponse = (response: Response): Problem | undefined => {
  const problem = common(response);
  if (problem !== undefined) return problem;
  // RFC 4475 §3.3.10: never sent on to a broadcast address. The search spares nearly all responses the look at each Via.
  if (!response.head.includes("255.255.255.255")) return undefined;
  const broadcast = response.list(Name.Via).some((text) => readVia(text)?.host === "255.255.255.255");
  return broadcast ? broadcastVia : undefined;
};

/**
 * Whether a message is well-formed enough for everything that a proxy, a registrar or a transaction does with it
 * (RFC 3261 §8.1.1, §16.3 step 1, §18): the first thing that is wrong, or undefined. What nobody on the way needs to
 * understand is not looked at, and goes on as it came. Of responses the problem's status is 0: drop.
 * Scheme, Max-Forwards 0 and extensions (§16.3 steps 2, 3, 5) are the proxy core's to judge.
 */
export const validate = (message: Message): Problem | undefined => {
  if (message.kind === "request") return validateRequest(message);
  const problem = validateResponse(message);
  return problem && dropped(problem);
};
