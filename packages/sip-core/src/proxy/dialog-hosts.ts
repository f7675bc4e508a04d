import { ipBytes, Name, parseNameAddress, type Request, readNameAddress, readUri } from "@sipmesh/sip";
import { nameHash } from "./flow-reference.ts";
import type { Sealer } from "./sealer.ts";
import type { Side } from "./side.ts";

/**
 * Whom a dialog's later requests may reach by their URI alone, as keyed hashes for this call; 0: nobody. Whoever holds
 * the token writes that URI as he likes: without this one answered call would open the way to every number.
 */
export interface DialogHosts {
  /** Where the caller wants to be reached. */
  readonly caller: number;
  /** Where the callee was reached. */
  readonly callee: number;
  /** Whose word leads anywhere: the source of a caller that somebody vouches for. */
  readonly source: number;
}

/** What is known of a call when its first request is forwarded. */
export interface DialogBeginning {
  readonly request: Request;
  /** The address that it came from. */
  readonly source: string;
  /** The caller is a subscriber or a trunk: it may send where it likes, and is believed where it is. */
  readonly vouched: boolean;
  /** The URI that it is sent to. */
  readonly next: string;
  /** The address that this URI led to, where it is sent by address. */
  readonly reached: string | undefined;
}

export function hostsOf(
  { request, source, vouched, next, reached }: DialogBeginning,
  callId: string,
  sealer: Sealer,
): DialogHosts {
  const mark = (host: string | undefined) => (host === undefined ? 0 : hostMark(host, callId, sealer));
  const above = request.firstOfList(Name.RecordRoute) ?? request.firstOfList(Name.Contact) ?? "";
  const caller = hostOf(readNameAddress(above)?.uri ?? "");
  const callee = hostOf(next);
  const named = callee !== undefined && ipBytes(callee) === undefined;
  return {
    // A stranger could name any host as its own.
    caller: vouched || caller === source ? mark(caller) : 0,
    // A name leads where its owner says, and that may be the callee: a stranger keeps to the address that it led to.
    // Who is vouched for needs none.
    callee: named ? (vouched ? 0 : mark(reached)) : mark(callee),
    source: vouched ? mark(source) : 0,
  };
}

/** Whether a request of that side, from that source, may go where the URI leads. */
export function mayFollow(
  uri: string,
  sender: Side,
  hosts: DialogHosts | undefined,
  source: string,
  callId: string,
  sealer: Sealer,
): boolean {
  if (hosts === undefined) return false;
  const expected = sender === "caller" ? hosts.callee : hosts.caller;
  const host = expected === 0 ? undefined : hostOf(uri);
  if (host !== undefined && hostMark(host, callId, sealer) === expected) return true;
  return sender === "caller" && hosts.source !== 0 && hostMark(source, callId, sealer) === hosts.source;
}

/** The URI of a Route or Path value. */
export function uriOf(value: string): string {
  return parseNameAddress(value).uri;
}

/** The host that a URI leads to (RFC 3263 section 4): undefined where it leads to none. */
function hostOf(text: string): string | undefined {
  const uri = readUri(text);
  if (uri?.kind !== "sip") return undefined;
  return (
    uri.params
      .get("maddr")
      ?.toLowerCase()
      .replace(/^\[|\]$/g, "") ?? uri.host
  );
}

/** Never 0. */
function hostMark(host: string, callId: string, sealer: Sealer): number {
  return nameHash(sealer.mark(`host\n${callId}\n${host}`)) || 1;
}
