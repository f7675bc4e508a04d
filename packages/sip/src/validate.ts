import { stride } from "./fields.ts";
import { splitList } from "./list.ts";
import type { Message, Request, Response } from "./message.ts";
import { Name } from "./name.ts";
import { readNameAddress } from "./name-address.ts";
import { isPlainRoute, plainUriEnd } from "./plain.ts";
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

/** Bits of the names in the table above; their numbers are all below 32. */
const required = mandatory.reduce((bits, [name]) => (name === Name.MaxForwards ? bits : bits | (1 << name)), 0);
const single = mandatory.reduce((bits, [name]) => (name === Name.Via ? bits : bits | (1 << name)), 0);

const seenOnce = (message: Message): Problem | undefined => {
  let seen = 0;
  let again = 0;
  const { fields } = message;
  for (let i = 0; i < fields.length; i += stride) {
    const name = fields[i] as number;
    if (name > Name.MaxForwards) continue;
    const bit = 1 << name;
    again |= seen & bit;
    seen |= bit;
  }
  return (seen & required) === required && (again & single) === 0 ? undefined : wrongCount(seen, again);
};

const wrongCount = (seen: number, again: number): Problem | undefined => {
  for (const [name] of mandatory) {
    const bit = 1 << name;
    if ((required & ~seen & bit) !== 0) return missing[name];
    if ((again & single & bit) !== 0) return repeated[name];
  }
  return undefined;
};

/** A Call-ID is visible characters, no white space (§25.1). */
const inCallId = new Uint8Array(256).fill(1, 33);
inCallId[127] = 0;

const isCallId = (message: Message): boolean => {
  const { bytes, origin } = message;
  const index = message.indexOf(Name.CallId);
  const start = origin + (message.fields[index + 2] as number);
  const end = origin + (message.fields[index + 3] as number);
  for (let i = start; i < end; i++) if (inCallId[bytes[i] as number] !== 1) return false;
  return end > start;
};

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
  return isCallId(message) ? undefined : badCallId;
};

/** Route steers the request, so all of it has to be understood (§16.3 step 1). */
const route = (request: Request): Problem | undefined => {
  const { bytes, fields, origin } = request;
  for (let i = 0; i < fields.length; i += stride) {
    if (fields[i] !== Name.Route) continue;
    if (isPlainRoute(bytes, origin + (fields[i + 2] as number), origin + (fields[i + 3] as number))) continue;
    for (const value of splitList(request.valueAt(i))) {
      const address = readNameAddress(value);
      if (address === undefined || readUri(address.uri) === undefined) return badRoute;
    }
  }
  return undefined;
};

/** Whether a Request-URI can be read; §19.1.1: one with header components, which would become header fields, cannot. */
const requestUri = (request: Request): Problem | undefined => {
  const { bytes, origin } = request;
  const start = origin + request.method.length + 1;
  const end = start + request.uri.length;
  if (plainUriEnd(bytes, start, end) === end) return undefined;
  const uri = readUri(request.uri);
  if (uri === undefined) return badRequestUri;
  return uri.kind === "sip" && uri.headers !== undefined ? uriHeaders : undefined;
};

const validateRequest = (request: Request): Problem | undefined => {
  const problem = requestUri(request) ?? common(request);
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
