import type { Draft, Flow, Request, Response } from "@sipmesh/sip";
import type { TimerName } from "../transaction/effects.ts";
import type { InviteClient } from "../transaction/invite-client.ts";
import type { InviteServer } from "../transaction/invite-server.ts";
import type { NonInviteClient } from "../transaction/non-invite-client.ts";
import type { NonInviteServer } from "../transaction/non-invite-server.ts";
import type { TimerSettings } from "../transaction/timers.ts";
import type { FlowReference } from "./flow-reference.ts";
import type { Challenge } from "./forward-response.ts";
import type { IsOwn, RouteInformation } from "./route-processing.ts";
import type { Sealer } from "./sealer.ts";
import type { Side } from "./side.ts";
import type { Target, Way } from "./target.ts";

/**
 * A response context (RFC 3261 section 16): one server transaction, and every client transaction that was started to
 * answer it. Plain data: with the timers that run, as time remaining, another member can go on where this one stopped.
 */
export interface ResponseContext {
  readonly method: string;
  /** As received; let go of once nothing can need it any more. */
  readonly request: Request | undefined;
  readonly callId: string;
  /** The flow that the request came over, and every response goes back over. */
  readonly flow: Flow;
  /** The tag of who sent the dialog's first request: half of the media session's key. */
  readonly callerTag: string;
  /** The tag of who was called; "" outside a dialog. */
  readonly calleeTag: string;
  /** Who of the dialog sent this request. */
  readonly sender: Side;
  /** Within a dialog that we admitted. */
  readonly inDialog: boolean;
  /** Let go of together with the request. */
  readonly route: RouteInformation | undefined;
  readonly loop: string;
  /** Absent: terminated. */
  readonly server: InviteServer | NonInviteServer | undefined;
  /** "routing": where to is not known yet; "forwarding": branches decide; "over": all have, nothing more is tried. */
  readonly stage: "routing" | "forwarding" | "over";
  readonly plan: Plan | undefined;
  /** Targets of lower preference that wait for those before them. */
  readonly queue: readonly (readonly Target[])[];
  readonly branches: readonly Branch[];
  /** The best final response so far, other than 2xx. */
  readonly best: Candidate | undefined;
  /** Of the 401 and 407 that are not the best response. */
  readonly challenges: readonly Challenge[];
  /** The caller has given up. */
  readonly cancelled: boolean;
  /**
   * The final response of the CANCEL's server transaction; absent: none came. Over an unreliable transport it lives until
   * Timer J (section 17.2.2). Over a reliable one it keeps nothing alive, but who goes on with the call knows of it.
   */
  readonly cancelAnswer: Draft | undefined;
  /** A branch has answered 2xx: from here on no other final response is sent. */
  readonly accepted: boolean;
  /** The status of the first final response that went upstream; 0: none yet. */
  readonly answered: number;
  /** What the request's session description is, should it have one. */
  readonly description: "offer" | "answer";
  /** `nameHash` of the relay that holds the media session; 0: not chosen yet. */
  readonly mediaInstance: number;
  /** Exchanges with the media service are numbered. */
  readonly exchanges: number;
}

/** How the request is forwarded: the same for all of its targets. */
export interface Plan {
  readonly recordRoute: boolean;
  readonly media: MediaPolicy;
  /** Milliseconds that a target may ring. */
  readonly ringTime: number;
  /** The sender is a subscriber or a trunk, which may send anywhere. */
  readonly vouched?: boolean;
  /** Credentials with this realm were ours to check. */
  readonly consumedRealm?: string | undefined;
}

export type MediaPolicy = "always" | "nat" | "never";

/** One copy of the request on its way, and its client transaction. */
export interface Branch {
  /** The branch parameter of our Via. */
  readonly id: string;
  /** Absent once the branch is done: nothing more is tried for it. */
  readonly target: Target | undefined;
  /** Which of the target's ways this is. */
  readonly attempt: number;
  readonly way: Way;
  /** "offering": media is asked first; "calling": no response yet; "proceeding": a provisional one. */
  readonly state: "offering" | "calling" | "proceeding" | "done";
  readonly client: InviteClient | NonInviteClient | undefined;
  /** "wanted": a provisional response must come before a CANCEL may go (section 9.1). */
  readonly cancel: "no" | "wanted" | "sent";
  readonly cancelling: NonInviteClient | undefined;
  /** We ended it ourselves: what its final response counts as, where that says only that it was cancelled. */
  readonly verdict: number;
  /** What our Record-Route said toward this target, and says toward the caller; absent: the same, or none. */
  readonly recordRoute: { readonly sent: string; readonly shown: string } | undefined;
  /** Max-Breadth of its copy (RFC 5393); absent: as received. */
  readonly breadth: number | undefined;
  /** Its session descriptions pass through the media service. */
  readonly media: boolean;
  /** It bore an offer that a relay knows of. */
  readonly offered: boolean;
  /** Responses in the order received, from the first one on that waits for the media service. */
  readonly held: readonly Held[];
  /** The exchange that the first of them, or the request, waits for; 0: none. */
  readonly exchange: number;
  /** Descriptions that the media service has seen: the retransmission of a response is not a new exchange. */
  readonly described: readonly Described[];
}

export interface Held {
  readonly response: Response;
  /** The address that the response came from. */
  readonly source: string;
}

export interface Described {
  readonly tag: string;
  readonly received: Uint8Array;
  readonly sent: Uint8Array;
}

export interface Candidate {
  readonly status: number;
  /** Absent: an answer of our own. */
  readonly response?: Response;
}

/** Who set a timer. "proxy": the response context itself, for a branch. */
export type Owner = "server" | "client" | "cancel" | "proxy";

/**
 * `C`: Timer C (section 16.6 item 11). `ring`: the bound on ringing. `after-cancel`: what was cancelled must answer
 * within 64·T1 (section 9.1).
 */
export type ProxyTimer = TimerName | "C" | "ring" | "after-cancel";

/** What may happen to a response context. `branch` is an index into its branches; for the server it is -1. */
export type ProxyEvent =
  /** The request came again, by this flow. */
  | { readonly type: "request"; readonly flow: Flow }
  /** An ACK that matches the server transaction. */
  | { readonly type: "ack"; readonly message: Request }
  /** A CANCEL that matches the server transaction, and the flow by which it came. */
  | { readonly type: "cancel"; readonly message: Request; readonly flow: Flow }
  /** The answer to "route" or "locate": where the request goes. */
  | { readonly type: "targets"; readonly targets: readonly Target[]; readonly plan: Plan }
  /** The answer to "route", "locate" or "register": the request goes nowhere, this is what it is answered. */
  | {
      readonly type: "answer";
      readonly status: number;
      readonly reason?: string;
      readonly headers?: readonly (readonly [string, string])[];
    }
  /** `source`: the address that it came from. */
  | { readonly type: "response"; readonly branch: number; readonly message: Response; readonly source: string }
  /** The answer to "media". Without `sdp` it failed, and `status` says what an offer with the request is answered. */
  | {
      readonly type: "described";
      readonly exchange: number;
      readonly sdp?: Uint8Array;
      readonly status?: number;
      readonly instance: number;
    }
  | { readonly type: "timer"; readonly owner: Owner; readonly branch: number; readonly timer: ProxyTimer }
  /** What this transaction sent could not be delivered. `instead`: a way that was found since, to be tried next. */
  | { readonly type: "unsent"; readonly owner: Owner; readonly branch: number; readonly instead?: Way };

/** What a response context asks of who runs it. Closed: nothing else ever happens. */
export type ProxyEffect =
  /** Upstream, over the flow of the request; by `edge` where what is answered came by another one. `again`: a retransmission. */
  | {
      readonly type: "respond";
      readonly message: Draft;
      readonly status: number;
      readonly again: boolean;
      readonly edge?: string;
    }
  /** A request of that method downstream, by the branch's way. */
  | {
      readonly type: "forward";
      readonly owner: "client" | "cancel";
      readonly branch: number;
      readonly method: string;
      readonly message: Draft;
      readonly again: boolean;
    }
  /** Ask routing what becomes of the request. */
  | { readonly type: "route" }
  /** Find the way inside a dialog: over the flow, where it is still there, else, with `byUri`, to the URI (RFC 3263). */
  | { readonly type: "locate"; readonly uri: string; readonly byUri: boolean; readonly flow: FlowReference | undefined }
  /** Have the media service see an offer or answer; "described" answers. */
  | {
      readonly type: "media";
      readonly verb: "offer" | "answer";
      readonly exchange: number;
      readonly branch: number;
      readonly from: Side;
      readonly calleeTag: string;
      readonly leg: string;
      readonly sdp: Uint8Array;
      /** Our address that faces who receives the description, and the address that it came from. */
      readonly toward: string;
      readonly source: string;
    }
  /** Tell the media service that an offer was refused, or that a leg has ended; nothing is answered. */
  | {
      readonly type: "release";
      readonly verb: "reject" | "delete";
      readonly from: Side;
      readonly calleeTag: string;
      readonly leg: string;
    }
  | {
      readonly type: "start";
      readonly owner: Owner;
      readonly branch: number;
      readonly timer: ProxyTimer;
      readonly after: number;
    }
  /** Without `timer`: all of that owner. */
  | { readonly type: "stop"; readonly owner: Owner; readonly branch: number; readonly timer?: ProxyTimer }
  /** An ACK for a 2xx from a caller who numbers it as RFC 2543 did: it goes on, without state. */
  | { readonly type: "acknowledge"; readonly message: Request }
  /** A branch has its final response; `local`: one of our own making. */
  | { readonly type: "tried"; readonly branch: number; readonly status: number; readonly local: boolean }
  /** The first final response went upstream; told once. */
  | { readonly type: "answered"; readonly status: number }
  /** Forget the context. Always the last effect. */
  | { readonly type: "terminated" };

/** What the proxy core is handed besides its state and the event; constant while a member runs. */
export interface ProxyTools {
  readonly sealer: Sealer;
  /** `nameHash` of who keeps the transactions: unique for each start. */
  readonly owner: number;
  readonly isOwn: IsOwn;
  /**
   * The name whose SRV records lead to all edges, which Via and Record-Route tell; absent: they tell the address of the one
   * edge that a message passes.
   */
  readonly sentBy?: string | undefined;
  readonly timers: TimerSettings;
  /** Header fields of the 200 to an OPTIONS that is answered here. */
  readonly capabilities: readonly (readonly [string, string])[];
}
