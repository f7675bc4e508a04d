import type { Sealer } from "@sipmesh/cluster";
import { Name, type Request, readNameAddress } from "@sipmesh/sip";
import { recordedToken } from "@sipmesh/sip-core";

/** More of our own values never stand on top of one another. */
const LOOKED_AT = 4;

/**
 * Whether a request bears the sealed token of a dialog that the platform let in: in the Route that we had recorded, or,
 * where a strict router has been at it, in the Request-URI (RFC 3261 §16.4).
 */
export function bearsDialogToken(request: Request, sealer: Sealer): boolean {
  if (request.to.tag === undefined) return false;
  const opens = (uri: string | undefined): boolean => recordedToken(uri, request, sealer) !== undefined;
  const routes = request.list(Name.Route).slice(0, LOOKED_AT);
  return routes.some((value) => opens(readNameAddress(value)?.uri)) || opens(request.uri);
}
