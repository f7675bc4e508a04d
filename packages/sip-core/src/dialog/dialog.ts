import { Name, parseNameAddress, type Request, type Response, readUri } from "@sipmesh/sip";

/** A dialog as one of its user agents sees it (RFC 3261 section 12). Plain data. */
export interface Dialog {
  readonly role: "uac" | "uas";
  readonly state: "early" | "confirmed";
  readonly callId: string;
  readonly localTag: string;
  /** Empty where the peer sets none (RFC 2543). */
  readonly remoteTag: string;
  /** The From value of our requests, with its tag. */
  readonly local: string;
  /** Their To value, with its tag. */
  readonly remote: string;
  /** Of our latest request; undefined: none was sent yet. */
  readonly localSequence?: number;
  readonly remoteSequence?: number;
  /** Route values, the next hop first. */
  readonly routeSet: readonly string[];
  /** Where the peer's Contact leads. */
  readonly remoteTarget: string;
}

/** The dialog that a provisional (101 to 199) or 2xx response makes for who sent the request (section 12.1.2). */
export function dialogOfCaller(sent: Request, response: Response): Dialog {
  return {
    role: "uac",
    state: response.status < 200 ? "early" : "confirmed",
    callId: sent.callId,
    localTag: sent.from.tag ?? "",
    remoteTag: response.to.tag ?? "",
    local: sent.first(Name.From) ?? "",
    remote: response.first(Name.To) ?? "",
    localSequence: sent.cseq.number,
    routeSet: response.list(Name.RecordRoute).reverse(),
    remoteTarget: contactUri(response) ?? sent.uri,
  };
}

/** The dialog that our response makes for who received the request (section 12.1.1); confirmed by our 2xx. */
export function dialogOfCallee(received: Request, localTag: string, state: Dialog["state"]): Dialog {
  return {
    role: "uas",
    state,
    callId: received.callId,
    localTag,
    remoteTag: received.from.tag ?? "",
    local:
      received.to.tag === undefined ? `${received.first(Name.To)};tag=${localTag}` : (received.first(Name.To) ?? ""),
    remote: received.first(Name.From) ?? "",
    remoteSequence: received.cseq.number,
    routeSet: received.list(Name.RecordRoute),
    remoteTarget: contactUri(received) ?? parseNameAddress(received.first(Name.From) ?? "").uri,
  };
}

/** The caller's dialog after its 2xx: the route set is taken anew (section 13.2.2.4). The callee's: as it is. */
export function confirmed(dialog: Dialog, response?: Response): Dialog {
  if (response === undefined || dialog.role === "uas") return { ...dialog, state: "confirmed" };
  return {
    ...dialog,
    state: "confirmed",
    routeSet: response.list(Name.RecordRoute).reverse(),
    remoteTarget: contactUri(response) ?? dialog.remoteTarget,
  };
}

/** What became of a request inside the dialog. */
export type Received =
  | { readonly outcome: "accepted"; readonly dialog: Dialog }
  /** 500: it was overtaken by a later request (section 12.2.2). */
  | { readonly outcome: "out-of-order" };

/** A request of the peer inside the dialog. ACK and CANCEL bear the number of their INVITE, and are not counted. */
export function receiveWithin(dialog: Dialog, request: Request): Received {
  const { number, method } = request.cseq;
  if (method === "ACK" || method === "CANCEL") return { outcome: "accepted", dialog };
  if (dialog.remoteSequence !== undefined && number < dialog.remoteSequence) return { outcome: "out-of-order" };
  return { outcome: "accepted", dialog: refreshed({ ...dialog, remoteSequence: number }, method, contactUri(request)) };
}

/** A 2xx to one of our requests inside the dialog may move the remote target (section 12.2.1.2). */
export function receiveAnswer(dialog: Dialog, response: Response): Dialog {
  if (response.status < 200 || response.status >= 300) return dialog;
  return refreshed(dialog, response.cseq.method, contactUri(response));
}

/** The key under which a request of the peer finds our dialog. */
export function dialogKeyOfRequest(request: Request): string {
  return dialogKey({
    callId: request.callId,
    localTag: request.to.tag ?? "",
    remoteTag: request.from.tag ?? "",
  });
}

/** Names a dialog within a user agent (section 12): Call-ID, local tag, remote tag. */
export function dialogKey(dialog: Pick<Dialog, "callId" | "localTag" | "remoteTag">): string {
  return `${dialog.callId} ${dialog.localTag} ${dialog.remoteTag}`;
}

/** Target refresh requests: INVITE (section 12.2) and UPDATE (RFC 3311). */
function refreshed(dialog: Dialog, method: string, target: string | undefined): Dialog {
  if (target === undefined || (method !== "INVITE" && method !== "UPDATE")) return dialog;
  return target === dialog.remoteTarget ? dialog : { ...dialog, remoteTarget: target };
}

function contactUri(message: Request | Response): string | undefined {
  const value = message.list(Name.Contact)[0];
  if (value === undefined || value === "*") return undefined;
  const { uri } = parseNameAddress(value);
  return readUri(uri) === undefined ? undefined : uri;
}
