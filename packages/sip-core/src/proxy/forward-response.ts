import { type Draft, Edit, Name, type Response, reasonPhrase } from "@sipmesh/sip";

/** What changes in a response on its way back (RFC 3261 section 16.7 items 3, 7 and 8). */
export interface ResponseChanges {
  /** In place of the status received. */
  readonly status?: number;
  /** In place of the body received. */
  readonly body?: Uint8Array | undefined;
  /** Our Record-Route value as the callee saw it, and as the caller must see it. */
  readonly recordRoute?: { readonly sent: string; readonly shown: string } | undefined;
  /** WWW-Authenticate and Proxy-Authenticate values of the other branches. */
  readonly challenges?: readonly Challenge[];
}

export interface Challenge {
  readonly name: number;
  readonly value: string;
}

/** The copy that goes upstream: our Via is taken off, all that is not named above stays byte for byte. */
export function forwardResponse(response: Response, changes: ResponseChanges = {}): Draft {
  const edit = new Edit(response);
  edit.removeTopValue(Name.Via);
  const { status, body, recordRoute, challenges } = changes;
  if (status !== undefined && status !== response.status) edit.startLine(`SIP/2.0 ${status} ${reasonPhrase(status)}`);
  if (recordRoute !== undefined) showRecordRoute(edit, response, recordRoute.sent, recordRoute.shown);
  if (challenges !== undefined) for (const { name, value } of challenges) edit.append(name, value);
  if (body !== undefined) edit.body(body);
  return edit.draft();
}

/** All challenges of a 401 or 407, one entry for each header field line. */
export function challengesIn(response: Response): Challenge[] {
  return [Name.WwwAuthenticate, Name.ProxyAuthenticate].flatMap((name) =>
    response.all(name).map((value) => ({ name, value })),
  );
}

/**
 * Section 16.7 item 8: where the caller reaches us by another address or transport than the callee, its route set must
 * say so (RFC 5658 section 3 calls this rewriting).
 */
function showRecordRoute(edit: Edit, response: Response, sent: string, shown: string): void {
  const values = response.list(Name.RecordRoute);
  const at = values.indexOf(sent);
  if (at < 0) return;
  values[at] = shown;
  edit.set(Name.RecordRoute, values.join(", "));
}
