import type { IncomingHttpHeaders } from "node:http";

/**
 * Whom to believe who asks: the API server's aggregator, by the certificates of its authority
 * (ConfigMap kube-system/extension-apiserver-authentication).
 */
export interface FrontProxy {
  /** Certificates (PEM) of the authority that signs the aggregator's. */
  readonly authority: string;
  /** Common names that it may have; none: any. */
  readonly names: readonly string[];
  readonly userHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraPrefixes: readonly string[];
}

const AUTHENTICATED = "system:authenticated";
const UNAUTHENTICATED = "system:unauthenticated";
const ANONYMOUS = "system:anonymous";

/** Who asks, as the aggregator says. */
export interface Asker {
  readonly user: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** @throws Error where the cluster has no aggregator, or says it in a way that is not understood */
export function readFrontProxy(data: Readonly<Record<string, string>>): FrontProxy {
  const authority = data["requestheader-client-ca-file"] ?? "";
  if (authority === "") {
    throw new Error(
      "the cluster aggregates no APIs: extension-apiserver-authentication has no requestheader-client-ca-file",
    );
  }
  const list = (key: string): string[] => {
    const texts: unknown = JSON.parse(data[key] || "[]");
    if (!Array.isArray(texts)) throw new Error(`${key} of extension-apiserver-authentication is no list`);
    return texts.map(String);
  };
  const headers = (key: string) => list(key).map((header) => header.toLowerCase());
  return {
    authority,
    names: list("requestheader-allowed-names"),
    userHeaders: headers("requestheader-username-headers"),
    uidHeaders: headers("requestheader-uid-headers"),
    groupHeaders: headers("requestheader-group-headers"),
    extraPrefixes: headers("requestheader-extra-headers-prefix"),
  };
}

/**
 * Who asks. That the certificate is the authority's was proved by TLS; here its name must be the aggregator's.
 *
 * @param raw each header field with all its values, as `IncomingMessage.headersDistinct` has them
 */
export function askerOf(
  proxy: FrontProxy,
  commonName: string | undefined,
  raw: NodeJS.Dict<string[]> | IncomingHttpHeaders,
): Asker | undefined {
  if (proxy.names.length > 0 && !proxy.names.includes(commonName ?? "")) return undefined;
  const all = (header: string): string[] => [raw[header] ?? []].flat();
  const user = proxy.userHeaders.flatMap(all)[0] ?? "";
  if (user === "") return undefined;
  const extra: Record<string, string[]> = {};
  for (const header of Object.keys(raw)) {
    const prefix = proxy.extraPrefixes.find((one) => header.startsWith(one) && header.length > one.length);
    if (prefix !== undefined) extra[decode(header.slice(prefix.length))] = all(header);
  }
  return {
    user,
    uid: proxy.uidHeaders.flatMap(all)[0] ?? "",
    groups: withEverybody(user, proxy.groupHeaders.flatMap(all)),
    extra,
  };
}

/** As the API server does: who is somebody belongs to all who are, whether or not it was said. */
function withEverybody(user: string, groups: readonly string[]): readonly string[] {
  const isSaid = groups.includes(AUTHENTICATED) || groups.includes(UNAUTHENTICATED);
  return isSaid || user === ANONYMOUS ? groups : [...groups, AUTHENTICATED];
}

/** Keys of extras are percent-encoded where a header's name cannot hold them. */
function decode(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
