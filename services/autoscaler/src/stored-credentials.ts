import { X509Certificate } from "node:crypto";
import type { Credentials } from "./certificates.ts";

/** Keys of the Secret. */
const KEYS = {
  authority: "ca.crt",
  authorityKey: "ca.key",
  trusted: "trusted.crt",
  certificate: "tls.crt",
  key: "tls.key",
} as const;

/** Credentials as the Secret holds them. */
export function toSecret({ authority, trusted, shown }: Credentials): Record<string, string> {
  return {
    [KEYS.authority]: authority.certificate,
    [KEYS.authorityKey]: authority.key,
    [KEYS.trusted]: trusted,
    [KEYS.certificate]: shown.certificate,
    [KEYS.key]: shown.key,
  };
}

/** Undefined where they are not there or not to be read: then new ones are made. */
export function fromSecret(data: Readonly<Record<string, string>>): Credentials | undefined {
  const text = (key: keyof typeof KEYS): string => data[KEYS[key]] ?? "";
  const credentials = {
    authority: { certificate: text("authority"), key: text("authorityKey") },
    trusted: text("trusted"),
    shown: { certificate: text("certificate"), key: text("key") },
  };
  if (Object.values(KEYS).some((key) => (data[key] ?? "") === "")) return undefined;
  try {
    for (const text of [credentials.authority.certificate, credentials.shown.certificate]) new X509Certificate(text);
    return credentials;
  } catch {
    return undefined;
  }
}
