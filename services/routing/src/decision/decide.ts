import type { Uri } from "@sipmesh/sip";
import { type Caller, callerOf } from "./caller.ts";
import { type Destination, destinationOf } from "./destination.ts";
import type { Answers, Facts, Step } from "./facts.ts";
import { matchRoute } from "./match.ts";
import { decideRegistration } from "./registration.ts";
import { mayUse, takeRoute } from "./static-route.ts";
import { decided, reject } from "./step.ts";
import { toNumber, toUser } from "./to-subscriber.ts";

/**
 * What becomes of a request: pure, so that every line of it can be read as a table. Where something must be known
 * first, it gives the question; asked again with the answer it comes one step further.
 */
export function decide(facts: Facts, answers: Answers): Step {
  const { uri } = facts;
  if (uri === undefined) return reject(400, "Bad Request-URI");
  if (facts.method === "REGISTER") return decideRegistration(facts, answers);

  const destination = destinationOf(uri, facts.platform);
  const route = matchRoute(facts.plan.routes, false, facts.method, uri, destination);
  if (destination.type === "unsupported" && route?.match.scheme === undefined) {
    return reject(416, "Unsupported URI Scheme");
  }
  if (destination.type === "platform" && facts.nextRoute === undefined) {
    // Whatever the routes say: the edges ask themselves in this way whether the platform works.
    if (facts.method === "OPTIONS") return decided({ type: "answer" });
    if (route === undefined) return reject(404, "No User in the Request-URI");
  }

  const caller = callerOf(facts, answers, destination);
  if (caller.type === "ask" || caller.type === "decided") return caller;
  if (facts.nextRoute !== undefined) return byRouteHeader(facts, facts.nextRoute, caller);
  if (route !== undefined) {
    return mayUse(route, caller, destination) ? takeRoute(facts, route, uri, caller.identity) : notAdmitted();
  }
  switch (destination.type) {
    case "user":
      return toUser(facts, answers, destination, caller) ?? fallback(facts, uri, destination, caller);
    case "number":
      return toNumber(facts, answers, destination, caller) ?? fallback(facts, uri, destination, caller);
    case "foreign":
      return toForeignDomain(facts, caller);
    case "platform":
      return reject(404, "No User in the Request-URI", caller.identity);
    case "unsupported":
      return reject(416, "Unsupported URI Scheme", caller.identity);
    default:
      return destination satisfies never;
  }
}

/** RFC 3261 section 16.12: the sender chose the next hop itself. */
function byRouteHeader(facts: Facts, nextRoute: string, caller: Caller): Step {
  return caller.type === "stranger" ? notAdmitted() : forwardUnchanged(facts, nextRoute, caller, "route-header");
}

function toForeignDomain(facts: Facts, caller: Caller): Step {
  return caller.type === "stranger" ? notAdmitted() : forwardUnchanged(facts, facts.requestUri, caller, "foreign");
}

function forwardUnchanged(facts: Facts, locate: string, caller: Caller, by: string): Step {
  if (facts.tried.has(facts.requestUri)) return reject(480, "Every Target Was Tried", caller.identity);
  const target = { uri: facts.requestUri, route: [], flow: undefined, q: 1000, nat: false, locate };
  return decided({ type: "proxy", targets: [target], policy: facts.plan.policyOf(""), by }, caller.identity);
}

function fallback(facts: Facts, uri: Uri, destination: Destination, caller: Caller): Step {
  const route = matchRoute(facts.plan.routes, true, facts.method, uri, destination);
  if (route !== undefined && mayUse(route, caller, destination)) return takeRoute(facts, route, uri, caller.identity);
  return reject(404, destination.type === "number" ? "No Such Number" : "No Such Subscriber", caller.identity);
}

function notAdmitted(): Step {
  return reject(403, "Strangers Are Not Relayed");
}
