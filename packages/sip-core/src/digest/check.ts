import { readUri } from "@sipmesh/sip";
import type { Hash } from "./algorithm.ts";
import type { DigestCredentials } from "./credentials.ts";
import { equalInConstantTime } from "./equal.ts";
import { type DigestInput, digestResponse } from "./response.ts";

/** Whether who sent these credentials knows the password that `ha1` stands for. Says nothing of the nonce. */
export function provesPassword(
  credentials: DigestCredentials,
  request: { readonly method: string; readonly ha1: string; readonly bodyHash?: string },
  hash: Hash,
): boolean {
  const { algorithm, nonce, uri, protection, cnonce } = credentials;
  const input: DigestInput = {
    algorithm,
    ha1: request.ha1,
    nonce,
    method: request.method,
    uri,
    ...(protection === undefined ? {} : { protection }),
    ...(cnonce === undefined ? {} : { cnonce }),
    ...(request.bodyHash === undefined ? {} : { bodyHash: request.bodyHash }),
  };
  return equalInConstantTime(digestResponse(input, hash), credentials.response);
}

/**
 * Whether a digest-uri names what the request asks for (RFC 7616 section 3.4.6). Parameters are left out: phones add
 * `transport` to the one and not to the other.
 */
export function meansRequest(digestUri: string, requestUri: string): boolean {
  if (digestUri === requestUri) return true;
  const a = readUri(digestUri);
  const b = readUri(requestUri);
  if (a === undefined || b === undefined || a.kind !== b.kind) return false;
  if (a.kind === "sip" && b.kind === "sip") {
    return a.user === b.user && a.host === b.host && (a.port ?? 5060) === (b.port ?? 5060);
  }
  return a.kind === "tel" && b.kind === "tel" && a.number === b.number;
}
