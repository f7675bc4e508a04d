import type { Credentials } from "@sipmesh/sip";
import { type Algorithm, readAlgorithm } from "./algorithm.ts";

/** The value of an Authorization or Proxy-Authorization header field of scheme Digest, read and complete. */
export interface DigestCredentials {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  /** Lower case. */
  readonly response: string;
  readonly algorithm: Algorithm;
  readonly cnonce?: string;
  readonly protection?: {
    readonly qop: "auth" | "auth-int";
    /** As written: it is hashed so. */
    readonly nc: string;
    readonly cnonce: string;
    /** The number that `nc` spells. */
    readonly count: number;
  };
}

export type ReadCredentials =
  | { readonly outcome: "read"; readonly credentials: DigestCredentials }
  /** Another scheme, or an algorithm or qop that was not offered: as if there were none (RFC 3261 section 22.4). */
  | { readonly outcome: "not-ours" }
  /** Answered 400 (RFC 7616 section 3.4). */
  | { readonly outcome: "malformed"; readonly reason: string };

/** Never throws. */
export function readDigest(from: Credentials): ReadCredentials {
  if (from.scheme.toLowerCase() !== "digest") return { outcome: "not-ours" };
  const value = (name: string): string | undefined => from.params.get(name);
  const username = value("username");
  const realm = value("realm");
  const nonce = value("nonce");
  const uri = value("uri");
  const response = value("response")?.toLowerCase();
  if (username === undefined || realm === undefined || nonce === undefined || uri === undefined || !response) {
    return { outcome: "malformed", reason: "Incomplete Credentials" };
  }
  const algorithm = readAlgorithm(value("algorithm"));
  if (algorithm === undefined) return { outcome: "not-ours" };

  const cnonce = value("cnonce");
  const base = { username, realm, nonce, uri, response, algorithm, ...(cnonce === undefined ? {} : { cnonce }) };
  const qop = value("qop")?.toLowerCase();
  if (qop === undefined || qop === "") return { outcome: "read", credentials: base };
  if (qop !== "auth" && qop !== "auth-int") return { outcome: "not-ours" };
  const nc = value("nc");
  if (nc === undefined || cnonce === undefined || !/^[0-9a-fA-F]{8}$/.test(nc)) {
    return { outcome: "malformed", reason: "Qop Without nc or cnonce" };
  }
  const protection = { qop, nc, cnonce, count: Number.parseInt(nc, 16) } as const;
  return { outcome: "read", credentials: { ...base, protection } };
}
