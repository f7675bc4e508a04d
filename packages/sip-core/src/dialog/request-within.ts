import { type Draft, noBody, parseNameAddress, type RequestOptions, readUri, request } from "@sipmesh/sip";
import type { Dialog } from "./dialog.ts";

/** What a request inside a dialog does not take from it. */
export interface Within {
  readonly method: string;
  readonly via: string;
  readonly contact?: string;
  readonly headers?: RequestOptions["headers"];
  readonly body?: Uint8Array;
  readonly contentType?: string;
}

/** The next request of ours in a dialog (section 12.2.1.1), and the dialog after it. Not for ACK and CANCEL. */
export function requestWithin(dialog: Dialog, what: Within): { readonly dialog: Dialog; readonly request: Draft } {
  const sequence = (dialog.localSequence ?? 0) + 1;
  return { dialog: { ...dialog, localSequence: sequence }, request: build(dialog, what, sequence) };
}

/** The ACK to a 2xx: the number of its INVITE, and its credentials as `headers` (section 13.2.2.4). */
export function ackWithin(dialog: Dialog, inviteSequence: number, what: Omit<Within, "method">): Draft {
  return build(dialog, { ...what, method: "ACK" }, inviteSequence);
}

/** Where the next request of the dialog goes: the URI that RFC 3263 resolves (section 8.1.2). */
export function nextHop(dialog: Dialog): string {
  const first = dialog.routeSet[0];
  return first === undefined ? dialog.remoteTarget : parseNameAddress(first).uri;
}

function build(dialog: Dialog, what: Within, sequence: number): Draft {
  const { uri, route } = routing(dialog);
  const { method, via, contact, headers, body = noBody, contentType } = what;
  return request({
    method,
    uri,
    via,
    route,
    from: dialog.local,
    to: dialog.remote,
    callId: dialog.callId,
    cseq: sequence,
    ...(contact === undefined ? {} : { contact }),
    ...(headers === undefined ? {} : { headers }),
    body,
    ...(contentType === undefined ? {} : { contentType }),
  });
}

/** Loose routing, or for a first hop without `lr` the strict routing of RFC 2543 (section 12.2.1.1). */
function routing(dialog: Dialog): { readonly uri: string; readonly route: readonly string[] } {
  const [first, ...rest] = dialog.routeSet;
  if (first === undefined) return { uri: dialog.remoteTarget, route: [] };
  const hop = readUri(parseNameAddress(first).uri);
  if (hop?.kind !== "sip" || hop.params.has("lr")) return { uri: dialog.remoteTarget, route: dialog.routeSet };
  const uri = hop.headers === undefined ? hop.text : hop.text.slice(0, hop.text.indexOf("?"));
  return { uri, route: [...rest, `<${dialog.remoteTarget}>`] };
}
