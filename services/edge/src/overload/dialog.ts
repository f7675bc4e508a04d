import type { Sealer } from "@sipmesh/cluster";
import { Name, type Request, readNameAddress, readUri } from "@sipmesh/sip";
import { openDialogToken } from "@sipmesh/sip-core";

/** More of our own values never stand on top of one another. */
const LOOKED_AT = 4;

/**
 * Whether a request bears the sealed token of a dialog that the platform let in: in the Route that we had recorded, or,
 * where a strict router has been at it, in the Request-URI (RFC 3261 §16.4).
 */
export function bearsDialogToken(request: Request, sealer: Sealer): boolean {
  const toTag = request.to.tag;
  const fromTag = request.from.tag ?? "";
  if (toTag === undefined) return false;
  const opens = (text: string | undefined): boolean => {
    const uri = text === undefined ? undefined : readUri(text);
    if (uri?.kind !== "sip" || uri.user === undefined) return false;
    return openDialogToken(uri.user, sealer, request.callId, fromTag, toTag) !== undefined;
  };
  const routes = request.list(Name.Route).slice(0, LOOKED_AT);
  return routes.some((value) => opens(readNameAddress(value)?.uri)) || opens(request.uri);
}
