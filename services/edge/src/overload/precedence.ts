import { Name, type Request } from "@sipmesh/sip";

/**
 * Who comes first where not everybody can be served (RFC 7339 §5.10.1, RFC 6357 §8):
 *
 * - `in-progress`: what belongs to a call that was let in. To refuse it wastes what was done and keeps what should end.
 * - `emergency`: `urn:service:sos` (RFC 5031), and the numbers and URIs of the configuration.
 * - `priority`: a namespace of the configuration in Resource-Priority (RFC 4412), from a trusted peer: anybody could
 *   write it (§11).
 * - `call`: a new call. Somebody waits for it.
 * - `other`: REGISTER, SUBSCRIBE and the rest. A phone tries again by itself, and nobody waits for it.
 */
export type Precedence = "in-progress" | "emergency" | "priority" | "call" | "other";

/** They make sense within a call only; where there is none, they are answered cheaply. */
const WITHIN_CALLS: ReadonlySet<string> = new Set(["ACK", "BYE", "CANCEL", "PRACK", "UPDATE", "INFO"]);
const SOS = "urn:service:sos";

export interface PrecedenceRules {
  /** Numbers (user parts) and URIs. */
  readonly emergency: readonly string[];
  /** Namespaces, such as "ets", or single values, such as "dsn.flash". */
  readonly namespaces: readonly string[];
  /** Whether a request with a To tag is within a dialog that we let in: anybody could write a tag. */
  readonly inDialog: (request: Request) => boolean;
}

/** Tells the precedence of a request. */
export class Precedences {
  readonly #emergency: ReadonlySet<string>;
  readonly #namespaces: ReadonlySet<string>;
  readonly #inDialog: (request: Request) => boolean;

  constructor({ emergency, namespaces, inDialog }: PrecedenceRules) {
    this.#emergency = new Set(emergency.map((text) => text.toLowerCase()));
    this.#namespaces = new Set(namespaces.map((text) => text.toLowerCase()));
    this.#inDialog = inDialog;
  }

  of(request: Request, trusted: boolean): Precedence {
    const { method } = request;
    if (WITHIN_CALLS.has(method)) return "in-progress";
    const isCall = method === "INVITE";
    if (request.to.tag !== undefined && (!isCall || this.#inDialog(request))) return "in-progress";
    if (method !== "REGISTER") {
      if (this.#isEmergency(request.uri)) return "emergency";
      if (trusted && this.#hasPriority(request)) return "priority";
      // A trunk asks whether we live: refused, it would take all its calls elsewhere, and those that stand too.
      if (trusted && method === "OPTIONS") return "in-progress";
    }
    return isCall ? "call" : "other";
  }

  #isEmergency(uri: string): boolean {
    const colon = uri.indexOf(":");
    const first = uri.charCodeAt(0) | 32;
    if (first === 117 && uri.length >= SOS.length && uri.slice(0, SOS.length).toLowerCase() === SOS) {
      const next = uri[SOS.length];
      return next === undefined || next === "." || next === ";";
    }
    if (this.#emergency.size === 0) return false;
    let end = colon + 1;
    for (; end < uri.length; end += 1) {
      const code = uri.charCodeAt(end);
      // "@" ends a user part, ";" and "?" what stands before parameters.
      if (code === 64 || code === 59 || code === 63) break;
    }
    if (this.#emergency.has(uri.slice(colon + 1, end))) return true;
    return this.#emergency.has(withoutParameters(uri).toLowerCase());
  }

  /** RFC 4412 §3.1: a list of `namespace.priority`. */
  #hasPriority(request: Request): boolean {
    if (this.#namespaces.size === 0 || !request.has(Name.ResourcePriority)) return false;
    return request.list(Name.ResourcePriority).some((text) => {
      const value = text.toLowerCase();
      return this.#namespaces.has(value) || this.#namespaces.has(value.slice(0, value.lastIndexOf(".")));
    });
  }
}

function withoutParameters(uri: string): string {
  const end = uri.search(/[;?]/);
  return end < 0 ? uri : uri.slice(0, end);
}
