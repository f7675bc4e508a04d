import { lowerToken } from "./characters.ts";

/** A header field name as a number: a member of the {@link Name} table; 0 for names that are not in it. */
export type Name = number;

/**
 * The numbers by name: `Name.CallId`. They travel on the bus: this list is only ever appended to, never reordered.
 * Written out, so that reading a member costs nothing.
 */
export const Name = {
  Unknown: 0,
  Via: 1,
  From: 2,
  To: 3,
  CallId: 4,
  CSeq: 5,
  MaxForwards: 6,
  Contact: 7,
  Route: 8,
  RecordRoute: 9,
  ContentLength: 10,
  ContentType: 11,
  Expires: 12,
  Supported: 13,
  Require: 14,
  ProxyRequire: 15,
  Unsupported: 16,
  Allow: 17,
  Accept: 18,
  AcceptEncoding: 19,
  AcceptLanguage: 20,
  Authorization: 21,
  ProxyAuthorization: 22,
  WwwAuthenticate: 23,
  ProxyAuthenticate: 24,
  AuthenticationInfo: 25,
  UserAgent: 26,
  Server: 27,
  Subject: 28,
  Date: 29,
  Timestamp: 30,
  Warning: 31,
  RetryAfter: 32,
  MinExpires: 33,
  Organization: 34,
  Priority: 35,
  ReplyTo: 36,
  InReplyTo: 37,
  AlertInfo: 38,
  CallInfo: 39,
  ErrorInfo: 40,
  ContentDisposition: 41,
  ContentEncoding: 42,
  ContentLanguage: 43,
  MimeVersion: 44,
  Path: 45,
  ServiceRoute: 46,
  RAck: 47,
  RSeq: 48,
  ReferTo: 49,
  ReferredBy: 50,
  Replaces: 51,
  Event: 52,
  AllowEvents: 53,
  SubscriptionState: 54,
  Reason: 55,
  PAssertedIdentity: 56,
  PPreferredIdentity: 57,
  Privacy: 58,
  Diversion: 59,
  HistoryInfo: 60,
  ResourcePriority: 61,
  AcceptResourcePriority: 62,
  SessionExpires: 63,
  MinSe: 64,
  Traceparent: 65,
  Tracestate: 66,
  SipEtag: 67,
  SipIfMatch: 68,
  Join: 69,
  TargetDialog: 70,
  RequestDisposition: 71,
  AcceptContact: 72,
  RejectContact: 73,
  Identity: 74,
  IdentityInfo: 75,
  PAccessNetworkInfo: 76,
  PAssociatedUri: 77,
  PCalledPartyId: 78,
  PChargingVector: 79,
  PChargingFunctionAddresses: 80,
  PVisitedNetworkId: 81,
  RemotePartyId: 82,
  UserToUser: 83,
  FlowTimer: 84,
  SecurityClient: 85,
  SecurityServer: 86,
  SecurityVerify: 87,
  ReferSub: 88,
  MaxBreadth: 89,
  SessionId: 90,
} as const;

/** The canonical long form by number: `nameText[Name.CallId]` is `Call-ID`. */
export const nameText: readonly string[] = [
  "",
  "Via",
  "From",
  "To",
  "Call-ID",
  "CSeq",
  "Max-Forwards",
  "Contact",
  "Route",
  "Record-Route",
  "Content-Length",
  "Content-Type",
  "Expires",
  "Supported",
  "Require",
  "Proxy-Require",
  "Unsupported",
  "Allow",
  "Accept",
  "Accept-Encoding",
  "Accept-Language",
  "Authorization",
  "Proxy-Authorization",
  "WWW-Authenticate",
  "Proxy-Authenticate",
  "Authentication-Info",
  "User-Agent",
  "Server",
  "Subject",
  "Date",
  "Timestamp",
  "Warning",
  "Retry-After",
  "Min-Expires",
  "Organization",
  "Priority",
  "Reply-To",
  "In-Reply-To",
  "Alert-Info",
  "Call-Info",
  "Error-Info",
  "Content-Disposition",
  "Content-Encoding",
  "Content-Language",
  "MIME-Version",
  "Path",
  "Service-Route",
  "RAck",
  "RSeq",
  "Refer-To",
  "Referred-By",
  "Replaces",
  "Event",
  "Allow-Events",
  "Subscription-State",
  "Reason",
  "P-Asserted-Identity",
  "P-Preferred-Identity",
  "Privacy",
  "Diversion",
  "History-Info",
  "Resource-Priority",
  "Accept-Resource-Priority",
  "Session-Expires",
  "Min-SE",
  "traceparent",
  "tracestate",
  "SIP-ETag",
  "SIP-If-Match",
  "Join",
  "Target-Dialog",
  "Request-Disposition",
  "Accept-Contact",
  "Reject-Contact",
  "Identity",
  "Identity-Info",
  "P-Access-Network-Info",
  "P-Associated-URI",
  "P-Called-Party-ID",
  "P-Charging-Vector",
  "P-Charging-Function-Addresses",
  "P-Visited-Network-ID",
  "Remote-Party-ID",
  "User-to-User",
  "Flow-Timer",
  "Security-Client",
  "Security-Server",
  "Security-Verify",
  "Refer-Sub",
  "Max-Breadth",
  "Session-ID",
];

/** Compact forms (RFC 3261 §7.3.3 and the IANA registry). */
const compactForms: Readonly<Record<string, Name>> = {
  v: Name.Via,
  f: Name.From,
  t: Name.To,
  i: Name.CallId,
  m: Name.Contact,
  l: Name.ContentLength,
  c: Name.ContentType,
  k: Name.Supported,
  s: Name.Subject,
  e: Name.ContentEncoding,
  r: Name.ReferTo,
  b: Name.ReferredBy,
  o: Name.Event,
  u: Name.AllowEvents,
  x: Name.SessionExpires,
  d: Name.RequestDisposition,
  a: Name.AcceptContact,
  j: Name.RejectContact,
  y: Name.Identity,
  n: Name.IdentityInfo,
};

const slots = 1024;

/** A slot from the length and three characters in lower case: enough to tell nearly all names apart. */
const slotOf = (bytes: Uint8Array, start: number, end: number): number => {
  const length = end - start;
  const first = lowerToken[bytes[start] as number] as number;
  const middle = lowerToken[bytes[start + (length >> 1)] as number] as number;
  const last = lowerToken[bytes[end - 1] as number] as number;
  return (length * 67 + first * 31 + middle * 7 + last * 101) & (slots - 1);
};

const codesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Bytes per spelling: more than the longest has. */
const room = 32;

/** Open addressing: per slot the spelling in lower case, its length (0: the slot is free) and its number. */
const spellings = new Uint8Array(slots * room);
const lengths = new Uint8Array(slots);
const numbers = new Uint8Array(slots);
const longForms = nameText.map((text, number): [string, Name] => [text, number]).slice(1);
for (const [text, number] of [...longForms, ...Object.entries(compactForms)]) {
  const spelling = codesOf(text.toLowerCase());
  let slot = slotOf(spelling, 0, spelling.length);
  while (lengths[slot] !== 0) slot = (slot + 1) & (slots - 1);
  spellings.set(spelling, slot * room);
  lengths[slot] = spelling.length;
  numbers[slot] = number;
}

/** The number of the name in the bytes from start to end (at least one), in any case, long or compact; 0: not known. */
export const nameIn = (bytes: Uint8Array, start: number, end: number): Name => {
  for (let slot = slotOf(bytes, start, end); ; slot = (slot + 1) & (slots - 1)) {
    const length = lengths[slot] as number;
    if (length === 0) return 0;
    if (length !== end - start) continue;
    const spelling = slot * room - start;
    let i = start;
    while (i < end && lowerToken[bytes[i] as number] === spellings[spelling + i]) i++;
    if (i === end) return numbers[slot] as number;
  }
};

/** The number of a header field name in any case, long or compact; 0 where the table does not know it. */
export const nameOf = (text: string): Name => (text === "" ? 0 : nameIn(codesOf(text), 0, text.length));
