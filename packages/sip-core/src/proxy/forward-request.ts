import { type Address, type Draft, Edit, hostPort, Name, parseNameAddress, parseUri, type Request } from "@sipmesh/sip";
import type { RouteInformation } from "./route-processing.ts";
import type { Target, Way } from "./target.ts";

/** What a copy of a request is given on its way to one target (RFC 3261 section 16.6). */
export interface Forwarding {
  readonly route: RouteInformation;
  readonly target: Target;
  readonly way: Way;
  readonly branch: string;
  /** The authenticated upstream flow: by it any member can pass a response on, and sees that we sent the request. */
  readonly upstream: string;
  /** The name that leads to all edges. */
  readonly sentBy: string | undefined;
  /** Our Record-Route value; absent: we do not stay in the dialog's path. */
  readonly recordRoute?: string | undefined;
  /** RFC 5393; absent: what the request says, or nothing. */
  readonly maxBreadth?: number | undefined;
  /** In place of the request's body. */
  readonly body?: Uint8Array | undefined;
  /** Credentials with this realm were meant for us and go no further (RFC 3261 section 22.3). */
  readonly consumedRealm?: string | undefined;
}

const MAX_FORWARDS = 70;

/** The copy that is sent (RFC 3261 section 16.6 items 1 to 9); all that is not named there stays byte for byte. */
export function forwardRequest(request: Request, to: Forwarding): Draft {
  const edit = new Edit(request);
  const uri = writeRoutes(edit, to);
  if (uri !== request.uri) edit.requestUri(uri);
  if (to.recordRoute !== undefined) edit.prepend(Name.RecordRoute, to.recordRoute);
  const hops = request.maxForwards;
  edit.set(Name.MaxForwards, String(hops === undefined ? MAX_FORWARDS : Math.max(hops - 1, 0)));
  if (to.maxBreadth !== undefined) edit.set(Name.MaxBreadth, String(to.maxBreadth));
  if (to.consumedRealm !== undefined) consume(edit, request, to.consumedRealm);
  if (to.body !== undefined) edit.body(to.body);
  edit.prepend(Name.Via, viaValue(to.way, to.branch, to.upstream, to.sentBy));
  return edit.draft();
}

/** Our Via: where the response shall come to, whose branch it answers, and where it goes from here. */
export function viaValue(way: Way, branch: string, upstream: string, sentBy: string | undefined): string {
  return `SIP/2.0/${way.transport.toUpperCase()} ${ownHost(way.local, sentBy)};branch=${branch};rport;f=${upstream}`;
}

/** Our Record-Route value as a peer behind `way` must see it. */
export function recordRouteValue(
  token: string,
  way: Pick<Way, "transport" | "local">,
  sentBy: string | undefined,
): string {
  const transport = way.transport === "udp" ? "" : `;transport=${way.transport}`;
  return `<sip:${token}@${ownHost(way.local, sentBy)}${transport};lr>`;
}

/** A name goes without a port: with one, nobody would look for its SRV records (RFC 3263 sections 4.2 and 5). */
function ownHost(local: Address, sentBy: string | undefined): string {
  return sentBy ?? hostPort(local.address, local.port);
}

/** Takes our Route values off and puts the target's on; the answer is the Request-URI to send (items 2 and 6). */
function writeRoutes(edit: Edit, to: Forwarding): string {
  const { route, target } = to;
  const first = target.route[0] ?? route.routes[0];
  if (first !== undefined && isStrict(first)) {
    // Item 6: a strict router finds its own URI in the Request-URI and the target's at the end of the Route.
    const routes = [...target.route, ...route.routes, `<${target.uri}>`].slice(1);
    rewrite(edit, routes);
    return parseNameAddress(first).uri;
  }
  if (route.strict) {
    rewrite(edit, [...target.route, ...route.routes]);
  } else {
    if (route.removed > 0 && route.routes.length === 0) edit.remove(Name.Route);
    else for (let i = 0; i < route.removed; i++) edit.removeTopValue(Name.Route);
    if (target.route.length > 0) edit.prepend(Name.Route, target.route.join(", "));
  }
  return target.uri;
}

function rewrite(edit: Edit, routes: readonly string[]): void {
  if (routes.length === 0) edit.remove(Name.Route);
  else edit.set(Name.Route, routes.join(", "));
}

function isStrict(route: string): boolean {
  const uri = parseUri(parseNameAddress(route).uri);
  return uri.kind === "sip" && uri.params.get("lr") === undefined;
}

function consume(edit: Edit, request: Request, realm: string): void {
  const all = request.all(Name.ProxyAuthorization);
  const others = all.filter((value) => !hasRealm(value, realm));
  if (others.length === all.length) return;
  edit.remove(Name.ProxyAuthorization);
  for (const value of others) edit.append(Name.ProxyAuthorization, value);
}

function hasRealm(credentials: string, realm: string): boolean {
  const found = /[\s,]realm\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(credentials);
  return found?.[1]?.toLowerCase() === realm.toLowerCase();
}
