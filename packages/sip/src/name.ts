import { lowerToken } from "./characters.ts";

/**
 * Header field names. The numbers travel on the bus: this list is only ever appended to, never reordered.
 * Each row: the canonical long form, its lower case compact form where there is one (RFC 3261 §7.3.3, IANA registry).
 */
const table = [
  ["Unknown", "", ""],
  ["Via", "Via", "v"],
  ["From", "From", "f"],
  ["To", "To", "t"],
  ["CallId", "Call-ID", "i"],
  ["CSeq", "CSeq", ""],
  ["MaxForwards", "Max-Forwards", ""],
  ["Contact", "Contact", "m"],
  ["Route", "Route", ""],
  ["RecordRoute", "Record-Route", ""],
  ["ContentLength", "Content-Length", "l"],
  ["ContentType", "Content-Type", "c"],
  ["Expires", "Expires", ""],
  ["Supported", "Supported", "k"],
  ["Require", "Require", ""],
  ["ProxyRequire", "Proxy-Require", ""],
  ["Unsupported", "Unsupported", ""],
  ["Allow", "Allow", ""],
  ["Accept", "Accept", ""],
  ["AcceptEncoding", "Accept-Encoding", ""],
  ["AcceptLanguage", "Accept-Language", ""],
  ["Authorization", "Authorization", ""],
  ["ProxyAuthorization", "Proxy-Authorization", ""],
  ["WwwAuthenticate", "WWW-Authenticate", ""],
  ["ProxyAuthenticate", "Proxy-Authenticate", ""],
  ["AuthenticationInfo", "Authentication-Info", ""],
  ["UserAgent", "User-Agent", ""],
  ["Server", "Server", ""],
  ["Subject", "Subject", "s"],
  ["Date", "Date", ""],
  ["Timestamp", "Timestamp", ""],
  ["Warning", "Warning", ""],
  ["RetryAfter", "Retry-After", ""],
  ["MinExpires", "Min-Expires", ""],
  ["Organization", "Organization", ""],
  ["Priority", "Priority", ""],
  ["ReplyTo", "Reply-To", ""],
  ["InReplyTo", "In-Reply-To", ""],
  ["AlertInfo", "Alert-Info", ""],
  ["CallInfo", "Call-Info", ""],
  ["ErrorInfo", "Error-Info", ""],
  ["ContentDisposition", "Content-Disposition", ""],
  ["ContentEncoding", "Content-Encoding", "e"],
  ["ContentLanguage", "Content-Language", ""],
  ["MimeVersion", "MIME-Version", ""],
  ["Path", "Path", ""],
  ["ServiceRoute", "Service-Route", ""],
  ["RAck", "RAck", ""],
  ["RSeq", "RSeq", ""],
  ["ReferTo", "Refer-To", "r"],
  ["ReferredBy", "Referred-By", "b"],
  ["Replaces", "Replaces", ""],
  ["Event", "Event", "o"],
  ["AllowEvents", "Allow-Events", "u"],
  ["SubscriptionState", "Subscription-State", ""],
  ["Reason", "Reason", ""],
  ["PAssertedIdentity", "P-Asserted-Identity", ""],
  ["PPreferredIdentity", "P-Preferred-Identity", ""],
  ["Privacy", "Privacy", ""],
  ["Diversion", "Diversion", ""],
  ["HistoryInfo", "History-Info", ""],
  ["ResourcePriority", "Resource-Priority", ""],
  ["AcceptResourcePriority", "Accept-Resource-Priority", ""],
  ["SessionExpires", "Session-Expires", "x"],
  ["MinSe", "Min-SE", ""],
  ["Traceparent", "traceparent", ""],
  ["Tracestate", "tracestate", ""],
  ["SipEtag", "SIP-ETag", ""],
  ["SipIfMatch", "SIP-If-Match", ""],
  ["Join", "Join", ""],
  ["TargetDialog", "Target-Dialog", ""],
  ["RequestDisposition", "Request-Disposition", "d"],
  ["AcceptContact", "Accept-Contact", "a"],
  ["RejectContact", "Reject-Contact", "j"],
  ["Identity", "Identity", "y"],
  ["IdentityInfo", "Identity-Info", "n"],
  ["PAccessNetworkInfo", "P-Access-Network-Info", ""],
  ["PAssociatedUri", "P-Associated-URI", ""],
  ["PCalledPartyId", "P-Called-Party-ID", ""],
  ["PChargingVector", "P-Charging-Vector", ""],
  ["PChargingFunctionAddresses", "P-Charging-Function-Addresses", ""],
  ["PVisitedNetworkId", "P-Visited-Network-ID", ""],
  ["RemotePartyId", "Remote-Party-ID", ""],
  ["UserToUser", "User-to-User", ""],
  ["FlowTimer", "Flow-Timer", ""],
  ["SecurityClient", "Security-Client", ""],
  ["SecurityServer", "Security-Server", ""],
  ["SecurityVerify", "Security-Verify", ""],
  ["ReferSub", "Refer-Sub", ""],
  ["MaxBreadth", "Max-Breadth", ""],
  ["SessionId", "Session-ID", ""],
] as const;

type Key = (typeof table)[number][0];

/** A header field name as a number: a member of the {@link Name} table; 0 for names that are not in it. */
export type Name = number;

/** The numbers by name: `Name.CallId`. */
export const Name = Object.fromEntries(table.map(([key], number) => [key, number])) as Readonly<Record<Key, number>>;

/** The canonical long form by number: `nameText[Name.CallId]` is `Call-ID`. */
export const nameText: readonly string[] = table.map(([, text]) => text);

const slots = 1024;
const slotOf = (hash: number): number => (hash ^ (hash >>> 15)) & (slots - 1);
const hashOf = (name: Uint8Array): number => {
  let hash = 0;
  for (const code of name) hash = (Math.imul(hash, 31) + (lowerToken[code] as number)) | 0;
  return hash;
};
const codesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Open addressing: per slot the spelling in lower case, empty where the slot is free, and its number. */
const spellings: Uint8Array[] = new Array(slots).fill(new Uint8Array(0));
const numbers = new Uint8Array(slots);
for (const [number, [, long, compact]] of table.entries()) {
  for (const text of [long, compact]) {
    if (text === "") continue;
    const spelling = codesOf(text.toLowerCase());
    let slot = slotOf(hashOf(spelling));
    while (spellings[slot]?.length !== 0) slot = (slot + 1) & (slots - 1);
    spellings[slot] = spelling;
    numbers[slot] = number;
  }
}

/** The number of the name in the bytes from start to end, whose hash the caller has computed on the way. */
export const nameByHash = (bytes: Uint8Array, start: number, end: number, hash: number): Name => {
  for (let slot = slotOf(hash); ; slot = (slot + 1) & (slots - 1)) {
    const spelling = spellings[slot] as Uint8Array;
    if (spelling.length === 0) return 0;
    if (spelling.length !== end - start) continue;
    let i = 0;
    while (i < spelling.length && lowerToken[bytes[start + i] as number] === spelling[i]) i++;
    if (i === spelling.length) return numbers[slot] as number;
  }
};

/** The number of a header field name in any case, long or compact; 0 where the table does not know it. */
export const nameOf = (text: string): Name => {
  const codes = codesOf(text);
  return nameByHash(codes, 0, codes.length, hashOf(codes));
};
