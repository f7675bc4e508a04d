import { quote } from "@sipmesh/sip";
import type { Algorithm } from "./algorithm.ts";

export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: Algorithm;
  /** The password was right, only the nonce no longer good. */
  readonly stale: boolean;
  /** What may be chosen from; empty: nothing is said, as RFC 2069 knew it. */
  readonly qop: readonly ("auth" | "auth-int")[];
}

/** The value of a WWW-Authenticate or Proxy-Authenticate header field (RFC 7616 section 3.3, RFC 8760). */
export function challengeValue(challenge: DigestChallenge): string {
  const { realm, nonce, algorithm, stale, qop } = challenge;
  let text = `Digest realm=${quote(realm)}, nonce=${quote(nonce)}, algorithm=${algorithm}`;
  if (qop.length > 0) text += `, qop="${qop.join(",")}"`;
  return stale ? `${text}, stale=true` : text;
}
