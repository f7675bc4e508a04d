import { type Credentials, quote } from "@sipmesh/sip";
import { type Algorithm, baseOf, type Hash, hashOf, readAlgorithm } from "./algorithm.ts";
import { digestResponse, ha1Of } from "./response.ts";

/** A challenge that we can answer, read by a client. */
export interface ReceivedChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: Algorithm;
  /** As written: it goes back so, or not at all. */
  readonly algorithmText?: string;
  readonly qop?: "auth" | "auth-int";
  readonly opaque?: string;
  readonly stale: boolean;
}

export interface Answer {
  readonly username: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  readonly body: Uint8Array;
  /** How often this nonce was answered, this time included. */
  readonly count: number;
  /** Of the client's own making, random. */
  readonly cnonce: string;
}

/** Undefined: a scheme, algorithm or qop that we do not speak (RFC 8760 section 2.4: the next one is tried). */
export function readChallenge(from: Credentials): ReceivedChallenge | undefined {
  if (from.scheme.toLowerCase() !== "digest") return undefined;
  const value = (name: string): string | undefined => from.params.get(name);
  const realm = value("realm");
  const nonce = value("nonce");
  const algorithmText = value("algorithm");
  const algorithm = readAlgorithm(algorithmText);
  if (realm === undefined || nonce === undefined || algorithm === undefined) return undefined;
  const offered = value("qop");
  const qop = offered === undefined ? undefined : chooseQop(offered);
  if (offered !== undefined && qop === undefined) return undefined;
  const opaque = value("opaque");
  return {
    realm,
    nonce,
    algorithm,
    ...(algorithmText === undefined ? {} : { algorithmText }),
    ...(qop === undefined ? {} : { qop }),
    ...(opaque === undefined ? {} : { opaque }),
    stale: value("stale")?.toLowerCase() === "true",
  };
}

function chooseQop(offered: string): "auth" | "auth-int" | undefined {
  const tags = offered.split(",").map((tag) => tag.trim().toLowerCase());
  if (tags.includes("auth")) return "auth";
  return tags.includes("auth-int") ? "auth-int" : undefined;
}

/** The value of the Authorization or Proxy-Authorization header field that answers a challenge (section 22.2, 22.3). */
export function answerValue(challenge: ReceivedChallenge, answer: Answer, hash: Hash): string {
  const { realm, nonce, algorithm, qop } = challenge;
  const { username, method, uri, cnonce } = answer;
  const nc = answer.count.toString(16).padStart(8, "0");
  const response = digestResponse(
    {
      algorithm,
      ha1: ha1Of(baseOf(algorithm), username, realm, answer.password, hash),
      nonce,
      method,
      uri,
      cnonce,
      ...(qop === undefined ? {} : { protection: { qop, nc, cnonce } }),
      ...(qop === "auth-int" ? { bodyHash: hashOf(algorithm, hash)(answer.body) } : {}),
    },
    hash,
  );
  let text = `Digest username=${quote(username)}, realm=${quote(realm)}, nonce=${quote(nonce)}, uri=${quote(uri)}`;
  text += `, response="${response}"`;
  if (challenge.algorithmText !== undefined) text += `, algorithm=${challenge.algorithmText}`;
  if (qop !== undefined) text += `, cnonce=${quote(cnonce)}, qop=${qop}, nc=${nc}`;
  else if (algorithm.endsWith("-sess")) text += `, cnonce=${quote(cnonce)}`;
  if (challenge.opaque !== undefined) text += `, opaque=${quote(challenge.opaque)}`;
  return text;
}
