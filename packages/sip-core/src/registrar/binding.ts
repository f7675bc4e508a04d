import type { Flow } from "@sipmesh/sip";
import { parseUri, sameUri } from "@sipmesh/sip";

/** A contact of an address of record (RFC 3261 section 10). Plain data, as it is stored. */
export interface Binding {
  /** The contact URI exactly as registered, with its URI parameters and headers. */
  readonly uri: string;
  /** Preference, 0 to 1000. */
  readonly q: number;
  /** The other contact parameters as text with their leading semicolons, without q and expires. */
  readonly parameters: string;
  readonly callId: string;
  readonly cseq: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The seconds that were granted. */
  readonly lifetime: number;
  /** Path values as received, outermost first (RFC 3327). */
  readonly path: readonly string[];
  /** The flow that it registered over. */
  readonly flow?: Flow;
  /** Can be reached over its flow alone. */
  readonly nat: boolean;
  readonly userAgent: string;
}

/** Whether two contact URIs name the same binding (section 19.1.4). */
export function sameContact(a: string, b: string): boolean {
  return a === b || sameUri(parseUri(a), parseUri(b));
}

/** The value for the Contact header field of a response: all that was registered, with the seconds that are left. */
export function contactValue(binding: Binding, now: number): string {
  const q = binding.q === 1000 ? "" : `;q=${qText(binding.q)}`;
  const left = Math.max(0, Math.ceil((binding.expiresAt - now) / 1000));
  return `<${binding.uri}>${binding.parameters}${q};expires=${left}`;
}

/** The bindings that still hold, the most preferred first; of those alike, the one refreshed last. */
export function currentBindings(bindings: readonly Binding[], now: number): Binding[] {
  return bindings
    .filter((binding) => binding.expiresAt > now)
    .sort((a, b) => b.q - a.q || b.expiresAt - b.lifetime * 1000 - (a.expiresAt - a.lifetime * 1000));
}

function qText(q: number): string {
  return q === 0 ? "0" : `0.${String(q).padStart(3, "0").replace(/0+$/, "")}`;
}
