import { type Draft, type Flow, Name, type Request, type Response, readNameAddress } from "@sipmesh/sip";
import type { FlowReference } from "./flow-reference.ts";
import { forwardRequest } from "./forward-request.ts";
import { forwardResponse } from "./forward-response.ts";
import { branchFor, isLoop, loopMark } from "./loop.ts";
import type { ProxyTools } from "./response-context.ts";
import { nextHopUri, processRoutes, type RouteInformation, recordedToken } from "./route-processing.ts";
import type { Sealer } from "./sealer.ts";
import { type DescriptionPart, descriptionIn, withDescription } from "./session-description.ts";
import type { Side } from "./side.ts";
import type { Way } from "./target.ts";
import { isAcceptance } from "./transactions.ts";
import { upstreamOf, upstreamToken } from "./upstream-token.ts";

/** An ACK for a 2xx: within its dialog it goes by the route set alone, and no transaction keeps it. */
export interface AckRoute {
  readonly route: RouteInformation;
  readonly loop: string;
  readonly sender: Side;
  readonly callerTag: string;
  readonly calleeTag: string;
  /** `nameHash` of the relay that holds the dialog's media; absent: its media is no concern of ours. */
  readonly mediaInstance: number | undefined;
  /** Where to, and the flow to prefer. */
  readonly uri: string;
  /** Without it only the flow may be taken. */
  readonly byUri: boolean;
  readonly flow: FlowReference | undefined;
}

/** Why an ACK goes nowhere. */
export type AckRefusal = "outside-dialog" | "too-many-hops" | "loop";

/** RFC 3261 section 16.11. `source`: the address that the ACK came from. Throws `MessageError` where a Route value is malformed. */
export function routeAck(ack: Request, source: string, tools: ProxyTools): AckRoute | AckRefusal {
  const route = processRoutes(ack, tools.sealer, tools.isOwn, source);
  const { dialog } = route;
  if (dialog === undefined) return "outside-dialog";
  if (ack.maxForwards === 0) return "too-many-hops";
  const loop = loopMark(ack, route, tools.sealer);
  if (isLoop(ack, loop)) return "loop";
  const { sender, token } = dialog;
  const fromTag = ack.from.tag ?? "";
  const toTag = ack.to.tag ?? "";
  const flow = sender === "caller" ? token.callee : token.caller;
  return {
    route,
    loop,
    sender,
    callerTag: sender === "caller" ? fromTag : toTag,
    calleeTag: sender === "caller" ? toTag : fromTag,
    mediaInstance: token.media ? token.mediaInstance : undefined,
    uri: nextHopUri(route),
    byUri: dialog.byUri,
    flow,
  };
}

export function forwardAck(
  ack: Request,
  from: Flow,
  to: AckRoute,
  way: Way,
  tools: ProxyTools,
  body?: Uint8Array,
): Draft {
  const { route, loop } = to;
  const upstream = upstreamToken(from, tools.owner, ack.callId, tools.sealer);
  const branch = branchFor(ack, route.uri, 0, loop, tools.sealer);
  const target = { uri: route.uri, route: [], q: 0, ways: [way], nat: false };
  return forwardRequest(ack, { route, target, way, branch, upstream, sentBy: tools.sentBy, body });
}

/** A response that no client transaction knows, on its way upstream. */
export interface UnknownResponse {
  readonly flow: FlowReference;
  /** Whose media its description is, and through which relay it passes; absent: it has none that is a concern of ours. */
  readonly media: UnknownMedia | undefined;
}

export interface UnknownMedia {
  readonly callerTag: string;
  readonly calleeTag: string;
  /** The branch that it answers. */
  readonly leg: string;
  /** `nameHash` of the relay that holds the session. */
  readonly relay: number;
  /** Where the description stands in the body. */
  readonly part: DescriptionPart;
}

/**
 * Where a response goes that no client transaction knows. It goes upstream where our own seal in its Via says so, and
 * nowhere else (RFC 6026 section 8.9): a 2xx to an INVITE always, anything else only for an owner that is gone. Where the
 * owner is this one its transaction is over, and the caller has been answered: a second final response must not follow.
 */
export function routeUnknown(response: Response, tools: ProxyTools): UnknownResponse | undefined {
  const upstream = upstreamOf(response, tools.sealer);
  if (upstream === undefined) return undefined;
  if (upstream.owner === tools.owner && !isAcceptance(response)) return undefined;
  // Whoever is next must be named: a response with our Via alone was for nobody else.
  if (response.list(Name.Via).length < 2) return undefined;
  const isOfInvite = response.cseq.method === "INVITE";
  return { flow: upstream.flow, media: isOfInvite ? mediaOf(response, tools.sealer) : undefined };
}

/** @param sdp in place of its description */
export function forwardUnknown(response: Response, { media }: UnknownResponse, sdp?: Uint8Array): Draft {
  const body = media && sdp && withDescription(response.body, media.part, sdp);
  return forwardResponse(response, { body });
}

/** More Record-Route values are not looked at. */
const LOOKED_AT = 8;

/** What our Record-Route value in a response says: it stands there where the INVITE began a dialog. */
function mediaOf(response: Response, sealer: Sealer): UnknownMedia | undefined {
  const part = descriptionIn(response);
  if (part === undefined) return undefined;
  for (const value of response.list(Name.RecordRoute).slice(0, LOOKED_AT)) {
    const token = recordedToken(readNameAddress(value)?.uri, response, sealer);
    if (!token?.media) continue;
    const { from, to, via } = response;
    return {
      callerTag: from.tag ?? "",
      calleeTag: to.tag ?? "",
      leg: via.branch ?? "",
      relay: token.mediaInstance,
      part,
    };
  }
  return undefined;
}
