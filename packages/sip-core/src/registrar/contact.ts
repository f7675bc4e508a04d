import { type Parameters, readContact as readContactValue, readSeconds } from "@sipmesh/sip";

/** One value of a REGISTER's Contact header field. */
export interface Contact {
  readonly uri: string;
  /** 0 to 1000. */
  readonly q: number;
  /** Seconds; absent: the Expires header field or the default decides. */
  readonly expires?: number;
  /** The other contact parameters with their leading semicolons. */
  readonly parameters: string;
}

/** Undefined where the value is no contact: the request is answered 400. Never throws. */
export function readContact(value: string): Contact | undefined {
  const contact = readContactValue(value);
  if (contact === undefined) return undefined;
  const { uri, params, q } = contact;
  if (q === undefined && params.has("q")) return undefined;
  const expires = params.get("expires");
  return {
    uri,
    q: q === undefined ? 1000 : Math.round(q * 1000),
    ...(expires === undefined ? {} : { expires: readExpires(expires) }),
    parameters: otherParameters(params),
  };
}

/** Seconds. What is no number counts as an hour (RFC 3261 section 10.2.1.1). */
export function readExpires(text: string): number {
  return readSeconds(text) ?? 3600;
}

function otherParameters(params: Parameters): string {
  let text = "";
  for (const [name, value] of params) {
    if (name !== "q" && name !== "expires") text += value === "" ? `;${name}` : `;${name}=${value}`;
  }
  return text;
}
