/** What stands where something was that nobody may read. */
export const REDACTED = "[redacted]";

/** Levels of nesting that a log line shows; what is deeper is cut. */
const DEPTH = 5;
/** Characters of one text that a log line shows. */
const LENGTH = 2000;

const SECRET_KEY =
  /^(?:(?:proxy-?)?authorization|password|passwd|secret|ha1|ha1\w+|credentials?|body|raw|content|sdp|token|key)$/i;
/** Credentials in SIP header fields (RFC 3261 §20.7, §20.28), with their folded lines. */
const AUTHORIZATION = /\b((?:proxy-)?authorization[ \t]*:)[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*/gi;
/** Keys of SRTP streams in SDP (RFC 4568). */
const CRYPTO = /^(a=crypto:)[^\r\n]*/gim;
/** A password in a SIP or other URI. */
const URI_PASSWORD = /(\b[a-z][a-z0-9+.-]*:(?:\/\/)?[^\s:@<>"/]{1,200}:)[^\s@<>"/]{1,200}@/gi;

/** A copy of a log line's fields without credentials, keys and bodies; byte arrays become their length. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= DEPTH) return "[…]";
  if (value instanceof Error) return redactError(value, depth);
  if (Array.isArray(value)) return value.slice(0, 100).map((one) => redact(one, depth + 1));
  const clean: Record<string, unknown> = {};
  for (const [key, one] of Object.entries(value)) {
    clean[key] = SECRET_KEY.test(key) && one !== undefined ? REDACTED : redact(one, depth + 1);
  }
  return clean;
}

/** A text without credentials in header fields, SRTP keys, and passwords in URIs. */
export function redactText(text: string): string {
  const short = text.length > LENGTH ? `${text.slice(0, LENGTH)}…` : text;
  return short
    .replace(AUTHORIZATION, `$1 ${REDACTED}`)
    .replace(CRYPTO, `$1 ${REDACTED}`)
    .replace(URI_PASSWORD, `$1${REDACTED}@`);
}

function redactError(error: Error, depth: number): object {
  const { name, message, stack, cause, ...rest } = error as Error & Record<string, unknown>;
  return {
    type: name,
    message: redactText(message),
    ...(stack === undefined ? {} : { stack: redactText(stack) }),
    ...(cause === undefined ? {} : { cause: redact(cause, depth + 1) }),
    ...(redact({ ...rest }, depth + 1) as object),
  };
}
