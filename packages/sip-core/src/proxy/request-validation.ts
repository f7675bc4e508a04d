import { Name, type Request } from "@sipmesh/sip";
import { isLoop } from "./loop.ts";

/** A request that goes no further, and what it is answered. */
export interface Refusal {
  readonly status: number;
  readonly headers?: readonly (readonly [string, string])[];
}

/** RFC 3261 section 16.3, less what the edge has validated; undefined: nothing stands against forwarding. */
export function refusalOf(request: Request, loop: string): Refusal | undefined {
  // Item 3. It lets us answer OPTIONS with 200 too; RFC 4475 section 3.3.11 wants 483 of a proxy.
  if (request.maxForwards === 0) return { status: 483 };
  // Item 4.
  if (isLoop(request, loop)) return { status: 482 };
  // Item 5: we know no extension that a request could require of a proxy.
  const required = request.list(Name.ProxyRequire);
  if (required.length > 0) return { status: 420, headers: [["Unsupported", required.join(", ")]] };
  if (maxBreadth(request) === 0) return { status: 440 };
  return undefined;
}

/** RFC 5393 section 5.3.2: at how many places a request may be pending at once; 60 where it does not say. */
export function maxBreadth(request: Request): number {
  const value = request.first(Name.MaxBreadth);
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : 60;
}
