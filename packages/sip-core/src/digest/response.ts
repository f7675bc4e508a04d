import { type Algorithm, type BaseAlgorithm, type Hash, hashOf, isSession } from "./algorithm.ts";

export interface DigestInput {
  readonly algorithm: Algorithm;
  /** H(user ":" realm ":" password), whatever the algorithm's variant. */
  readonly ha1: string;
  readonly nonce: string;
  readonly method: string;
  /** The digest-uri as the client wrote it. */
  readonly uri: string;
  /** Absent: as RFC 2069 did, which RFC 2617 section 3.2.2.1 keeps. */
  readonly protection?: {
    readonly qop: "auth" | "auth-int";
    /** Eight hexadecimal digits as written. */
    readonly nc: string;
    readonly cnonce: string;
  };
  /** For a -sess variant without qop. */
  readonly cnonce?: string;
  /** H(body) in hexadecimal; read with auth-int only. */
  readonly bodyHash?: string;
}

/** What is stored in place of a password. */
export function ha1Of(algorithm: BaseAlgorithm, user: string, realm: string, password: string, hash: Hash): string {
  return hashOf(algorithm, hash)(`${user}:${realm}:${password}`);
}

/** The `response` of RFC 7616 section 3.4.1. */
export function digestResponse(input: DigestInput, hash: Hash): string {
  const h = hashOf(input.algorithm, hash);
  const { protection, nonce } = input;
  const cnonce = protection?.cnonce ?? input.cnonce ?? "";
  const ha1 = isSession(input.algorithm) ? h(`${input.ha1}:${nonce}:${cnonce}`) : input.ha1;
  const a2 = `${input.method}:${input.uri}`;
  if (protection === undefined) return h(`${ha1}:${nonce}:${h(a2)}`);
  const ha2 = h(protection.qop === "auth-int" ? `${a2}:${input.bodyHash ?? h("")}` : a2);
  return h(`${ha1}:${nonce}:${protection.nc}:${protection.cnonce}:${protection.qop}:${ha2}`);
}
