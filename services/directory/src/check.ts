import { hash } from "@sipmesh/environment";
import type { AuthenticateRequest, Domain } from "@sipmesh/proto/directory";
import { readCredentials } from "@sipmesh/sip";
import { baseOf, type DigestCredentials, meansRequest, provesPassword, readDigest } from "@sipmesh/sip-core";
import type { Registry, Subscriber } from "./registry.ts";

export type Finding =
  /** The password is right; what the nonce is worth is still to be seen. */
  | { readonly type: "proved"; readonly subscriber: Subscriber; readonly credentials: DigestCredentials }
  | { readonly type: "missing" | "wrong" | "malformed"; readonly reason: string };

/** An HA1 that nobody has: a check for who does not exist takes as long as one for who does. */
const NOBODY = "0".repeat(32);

/** Whether credentials of a request prove a subscriber of the domain's realm (RFC 3261 section 22). */
export function checkCredentials(
  request: AuthenticateRequest,
  domain: Domain,
  registry: Registry,
  checkUri: boolean,
): Finding {
  let finding: Finding = { type: "missing", reason: "No Credentials for This Realm" };
  for (const value of request.credentials) {
    const found = checkOne(value, request, domain, registry, checkUri);
    if (found.type === "proved") return found;
    if (found.type !== "missing") finding = found;
  }
  return finding;
}

function checkOne(
  value: string,
  request: AuthenticateRequest,
  domain: Domain,
  registry: Registry,
  checkUri: boolean,
): Finding {
  const parsed = readCredentials(value);
  if (parsed === undefined) return unreadable(value);
  const read = readDigest(parsed);
  if (read.outcome === "not-ours") return { type: "missing", reason: "Not Our Scheme or Algorithm" };
  if (read.outcome === "malformed") return { type: "malformed", reason: read.reason };
  const { credentials } = read;
  if (credentials.realm !== domain.realm) return { type: "missing", reason: "Another Realm" };
  // RFC 7616 section 3.4: only what was offered, and offered are the plain variants.
  if (!domain.algorithms.includes(credentials.algorithm)) return { type: "missing", reason: "Algorithm Not Offered" };
  if (checkUri && !meansRequest(credentials.uri, request.requestUri)) {
    return { type: "malformed", reason: "Digest URI Is Not the Request-URI" };
  }
  const md5 = baseOf(credentials.algorithm) === "MD5";
  const subscriber = registry.byRealm(domain.realm, credentials.username);
  const ha1 = md5 ? subscriber?.ha1.md5 : subscriber?.ha1.sha256;
  const bodyHash = md5 ? request.bodyMd5 : request.bodySha256;
  const known = { method: request.method, ha1: ha1 ?? NOBODY, ...(bodyHash === "" ? {} : { bodyHash }) };
  const proves = provesPassword(credentials, known, hash);
  if (subscriber === undefined) return { type: "wrong", reason: "No Such Account" };
  if (ha1 === undefined) return { type: "wrong", reason: "No Password for This Algorithm" };
  return proves ? { type: "proved", subscriber, credentials } : { type: "wrong", reason: "Wrong Password" };
}

/** Another scheme may have a syntax of its own (RFC 7235 `token68`): it is not ours, and no error. */
function unreadable(value: string): Finding {
  return /^\s*digest\b/i.test(value)
    ? { type: "malformed", reason: "Malformed Credentials" }
    : { type: "missing", reason: "Not Our Scheme or Algorithm" };
}
