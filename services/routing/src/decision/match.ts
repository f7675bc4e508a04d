import type { Uri } from "@sipmesh/sip";
import type { Destination } from "./destination.ts";
import { canonicalHost } from "./host.ts";
import { globalNumber } from "./number.ts";
import type { StaticRoute } from "./plan.ts";

/** The first static route whose every condition holds. */
export function matchRoute(
  routes: readonly StaticRoute[],
  fallback: boolean,
  method: string,
  uri: Uri,
  destination: Destination,
): StaticRoute | undefined {
  if (routes.length === 0) return undefined;
  return routes.find((route) => route.fallback === fallback && matches(route.match, method, uri, destination));
}

function matches(match: StaticRoute["match"], method: string, uri: Uri, destination: Destination): boolean {
  if (match.methods !== undefined && !match.methods.includes(method)) return false;
  if (match.scheme !== undefined && match.scheme !== uri.scheme) return false;
  if (match.domain !== undefined && !matchesDomain(match.domain, uri, destination)) return false;
  if (match.user !== undefined && !matchesUser(match.user, uri)) return false;
  return match.number === undefined || matchesNumber(match.number, uri, destination);
}

function matchesDomain(wanted: string, uri: Uri, destination: Destination): boolean {
  if ("domain" in destination && destination.domain?.name === wanted) return true;
  if (uri.kind !== "sip") return false;
  const host = canonicalHost(uri.host);
  return wanted.startsWith("*.") ? host.endsWith(wanted.slice(1)) : host === canonicalHost(wanted);
}

function matchesUser(wanted: string, uri: Uri): boolean {
  if (uri.kind !== "sip" || uri.user === undefined) return false;
  return wanted.endsWith("*") ? uri.user.startsWith(wanted.slice(0, -1)) : uri.user === wanted;
}

function matchesNumber(wanted: string, uri: Uri, destination: Destination): boolean {
  if (destination.type === "number") return destination.number.startsWith(wanted);
  // `sip:+4930…@carrier.example` is a number of theirs; a bare user of digits is a user.
  if (uri.kind !== "sip" || uri.user === undefined) return false;
  return globalNumber(uri.user)?.startsWith(wanted) ?? false;
}
