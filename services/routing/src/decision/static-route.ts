import { escapeUser, readUri, type Uri } from "@sipmesh/sip";
import type { Caller } from "./caller.ts";
import type { Destination } from "./destination.ts";
import type { Facts, Step, TargetPlan } from "./facts.ts";
import type { NextHopUri, StaticRoute } from "./plan.ts";
import { decided, reject } from "./step.ts";

/**
 * Whether a caller may take a route. Strangers only where the route says so, and never to a number or to somebody
 * else's domain, whatever it says.
 */
export function mayUse(route: StaticRoute, caller: Caller, destination: Destination): boolean {
  if (caller.type !== "stranger" || route.action.type === "reject") return true;
  return route.strangers && (destination.type === "user" || destination.type === "platform");
}

export function takeRoute(facts: Facts, route: StaticRoute, uri: Uri, identity: string): Step {
  const action = route.action;
  switch (action.type) {
    case "reject":
      return reject(action.status, action.reason, identity);
    case "redirect": {
      const contacts = action.contacts.map((contact) => withUser(contact.uri, route, uri));
      return decided(
        { type: "redirect", status: action.status, contacts: contacts.map((one) => `<${one}>`) },
        identity,
      );
    }
    case "forward": {
      const targets = action.to
        .map((hop) => targetBy(hop, facts, route, uri, action.rewriteHost))
        .filter((target) => !facts.tried.has(target.uri) || !action.rewriteHost);
      if (targets.length === 0) return reject(480, "Every Target Was Tried", identity);
      return decided({ type: "proxy", targets, policy: route.policy, by: route.name }, identity);
    }
    default:
      return action satisfies never;
  }
}

function targetBy(hop: NextHopUri, facts: Facts, route: StaticRoute, uri: Uri, rewriteHost: boolean): TargetPlan {
  const changed = rewriteHost || route.strip > 0 || route.prefix !== "";
  const target = rewriteHost ? withUser(hop.uri, route, uri) : changed ? sameHost(route, uri) : facts.requestUri;
  return { uri: target, route: [], flow: undefined, q: hop.q, nat: false, locate: hop.uri };
}

/** The called user, as the route rewrites it, at another host. A number stays one (RFC 3261 section 19.1.6). */
function withUser(hop: string, route: StaticRoute, uri: Uri): string {
  const host = readUri(hop);
  if (host?.kind !== "sip" || host.user !== undefined) return hop;
  const user = rewrittenUser(route, uri);
  if (user === undefined) return hop;
  const at = hop.indexOf(":") + 1;
  const phone = uri.kind === "tel" || (uri.kind === "sip" && uri.params.get("user") === "phone");
  return `${hop.slice(0, at)}${user}@${hop.slice(at)}${phone ? ";user=phone" : ""}`;
}

function sameHost(route: StaticRoute, uri: Uri): string {
  const user = rewrittenUser(route, uri);
  if (uri.kind === "tel") return `tel:${user}`;
  if (uri.kind !== "sip" || uri.userText === undefined) return uri.text;
  const at = uri.scheme.length + 1;
  return `${uri.text.slice(0, at)}${user}${uri.text.slice(at + uri.userText.length)}`;
}

function rewrittenUser(route: StaticRoute, uri: Uri): string | undefined {
  if (uri.kind === "tel") return route.prefix + uri.number.slice(route.strip);
  if (uri.kind !== "sip" || uri.user === undefined) return undefined;
  // Escapes stay as they were written unless characters are counted off.
  return route.prefix + (route.strip === 0 ? uri.userText : escapeUser(uri.user.slice(route.strip)));
}
