import type { Domain } from "@sipmesh/proto/directory";
import type { Uri } from "@sipmesh/sip";
import { globalNumber, localNumber } from "./number.ts";
import type { Platform } from "./platform.ts";

/** What a Request-URI asks for. */
export type Destination =
  /** The platform itself: an address or domain of ours without a user. */
  | { readonly type: "platform" }
  | { readonly type: "user"; readonly domain: Domain; readonly user: string }
  /** A telephone number; with the domain of ours that it was written in, if any. */
  | { readonly type: "number"; readonly number: string; readonly domain: Domain | undefined; readonly user: string }
  /** Somebody else's domain. */
  | { readonly type: "foreign" }
  | { readonly type: "unsupported" };

export function destinationOf(uri: Uri, platform: Platform): Destination {
  if (uri.kind === "other") return { type: "unsupported" };
  if (uri.kind === "tel") return { type: "number", number: uri.number, domain: undefined, user: uri.number };
  const domain = platform.domainAt(uri.host, uri.port);
  if (domain === undefined) {
    return uri.user === undefined && platform.isEdge(uri.host, uri.port) ? { type: "platform" } : { type: "foreign" };
  }
  if (uri.user === undefined) return { type: "platform" };
  const { user } = uri;
  const number = globalNumber(user) ?? (uri.params.get("user") === "phone" ? localNumber(user) : undefined);
  return number === undefined ? { type: "user", domain, user } : { type: "number", number, domain, user };
}
