import { Name, parseNameAddress, parseUri, type Request, type Response, readUri, type SipUri } from "@sipmesh/sip";
import { mayFollow } from "./dialog-hosts.ts";
import { type DialogToken, openDialogToken } from "./dialog-token.ts";
import type { Sealer } from "./sealer.ts";
import type { Side } from "./side.ts";

/** What the Route header field and the Request-URI of a request say once our own part is taken off. */
export interface RouteInformation {
  /** The Request-URI, a strict router's doing undone. */
  readonly uri: string;
  /** Route values that remain, in order. */
  readonly routes: readonly string[];
  /** How many values of ours stood on top. */
  readonly removed: number;
  /** A strict router had put our Record-Route URI into the Request-URI (RFC 3261 section 16.4). */
  readonly strict: boolean;
  /** Present where the request is within a dialog that we admitted: it has a To tag and a token of ours. */
  readonly dialog?: Dialog | undefined;
}

/** The dialog that a request is within. */
export interface Dialog {
  readonly token: DialogToken;
  readonly sender: Side;
  /** It may go where its URI leads; else only over the flow that the token names. */
  readonly byUri: boolean;
}

/** Tells our own addresses from all others; a port that is absent is the scheme's default. */
export type IsOwn = (host: string, port: number | undefined) => boolean;

/** Shorter user parts cannot be a token: key number, authentication and one octet alone take this much. */
const SHORTEST_TOKEN = 24;

/** RFC 3261 section 16.4. `source`: the address that the request came from. Throws `MessageError` where the Request-URI or a Route value that it looks at is malformed. */
export function processRoutes(request: Request, sealer: Sealer, isOwn: IsOwn, source: string): RouteInformation {
  const routes = request.list(Name.Route);
  let uri = request.uri;
  let found = tokenIn(sipUri(uri), request, sealer);
  const strict = found !== undefined && routes.length > 0;
  if (strict) uri = parseNameAddress(routes.pop() ?? "").uri;
  let removed = 0;
  // Several of ours follow one another where the request came to us again by another of our addresses (a spiral).
  for (const value of routes) {
    const route = sipUri(parseNameAddress(value).uri);
    if (route === undefined) break;
    const token = tokenIn(route, request, sealer);
    if (token === undefined && !isOwn(route.host, route.port)) break;
    found = token ?? found;
    removed++;
  }
  const remaining = removed === 0 ? routes : routes.slice(removed);
  const dialog = found && dialogOf(found, request, nextHopOf(uri, remaining), source, sealer);
  return { uri, routes: remaining, removed, strict, dialog };
}

/** Undefined where the token opens no way for this request: then it is out of dialog, and routed as any other. */
function dialogOf(
  { token, sender }: { readonly token: DialogToken; readonly sender: Side },
  request: Request,
  next: string,
  source: string,
  sealer: Sealer,
): Dialog | undefined {
  if (request.to.tag === undefined) return undefined;
  const byUri = mayFollow(next, sender, token.hosts, source, request.callId, sealer);
  const flow = sender === "caller" ? token.callee : token.caller;
  return byUri || flow !== undefined ? { token, sender, byUri } : undefined;
}

/** Where the request goes next if nothing else decides: the first Route value, else the Request-URI (section 16.6 item 7). */
export function nextHopUri({ uri, routes }: RouteInformation): string {
  return nextHopOf(uri, routes);
}

function nextHopOf(uri: string, [first]: readonly string[]): string {
  return first === undefined ? uri : parseNameAddress(first).uri;
}

/** The token in a URI that we had recorded for the dialog of this message; undefined where it is none, or malformed. */
export function recordedToken(
  text: string | undefined,
  message: Request | Response,
  sealer: Sealer,
): DialogToken | undefined {
  const uri = text === undefined ? undefined : readUri(text);
  return uri?.kind === "sip" ? tokenIn(uri, message, sealer)?.token : undefined;
}

function tokenIn(
  uri: SipUri | undefined,
  { callId, from, to }: Request | Response,
  sealer: Sealer,
): { readonly token: DialogToken; readonly sender: Side } | undefined {
  const text = uri?.user;
  if (text === undefined || text.length < SHORTEST_TOKEN) return undefined;
  return openDialogToken(text, sealer, callId, from.tag ?? "", to.tag ?? "");
}

function sipUri(text: string): SipUri | undefined {
  const uri = parseUri(text);
  return uri.kind === "sip" ? uri : undefined;
}
