import type { TraceContext } from "@sipmesh/proto/flow";
import type { Address, Flow, Request, Response, Transport } from "@sipmesh/sip";

/** Who waits for a confirmation, and of what. */
export interface Confirm {
  /** The sender's subject. */
  readonly to: string;
  /** The sender's number for the message. */
  readonly number: number;
}

/** A SIP message that an edge received, on its way to the member that owns its call. */
export interface Inbound {
  readonly kind: "inbound";
  readonly message: Request | Response;
  /** What was received, with the edge's `received` and `rport` (RFC 3581) in the topmost Via of a request. */
  readonly raw: Uint8Array;
  readonly flow: Flow;
  readonly trace?: TraceContext | undefined;
  /** The number of the membership list by which the sender chose the owner. */
  readonly membership: number;
  /** How many members have passed this message on already. */
  readonly passedOn: number;
  /** Present where the sender sends it again until it is confirmed. */
  readonly confirm?: Confirm | undefined;
}

/** Where to send what has no flow yet. */
export interface Destination {
  readonly transport: Transport;
  readonly address: Address;
  /** The name that a TLS peer must prove; absent: the address. */
  readonly host?: string | undefined;
}

/** A SIP message that an edge is to send: over `flow` and no other, or to `destination`. */
export interface Outbound {
  readonly kind: "outbound";
  readonly raw: Uint8Array;
  readonly flow?: Flow | undefined;
  readonly destination?: Destination | undefined;
  readonly trace?: TraceContext | undefined;
  /** The subject to publish a `SendFailure` to where the message could not be sent; absent: nobody is told. */
  readonly failureTo?: string | undefined;
  /** Given back with the failure: the sender's name for the transaction that sent this. */
  readonly failureKey?: string | undefined;
  /** Seconds to keep the flow's NAT binding open by pings; set on the 200 to a REGISTER. */
  readonly keepAlive?: number | undefined;
  /** Given back with the failure: binds it to the queue of its call. */
  readonly callId?: string | undefined;
  /** Present where the sender sends it again until it is confirmed. */
  readonly confirm?: Confirm | undefined;
  /** It answers a copy of an INVITE that came by another edge than the first: by that one its final response leaves. */
  readonly finalElsewhere?: boolean;
}

/** A message that could not be sent (RFC 3261 §17.1.4, §17.2.4). */
export interface SendFailure {
  readonly kind: "send-failure";
  readonly key: string;
  readonly reason: string;
  readonly callId: string;
}

/** What owners of calls tell one another, so that calls outlive them. */
export interface Handover {
  readonly kind: "handover";
  /** An encoded `HandoverMessage`: only they read it. */
  readonly payload: Uint8Array;
}

/** These messages need not be sent again: what they led to is safe. */
export interface Confirmation {
  readonly kind: "confirmation";
  readonly numbers: readonly number[];
}

export type Envelope = Inbound | Outbound | SendFailure | Handover | Confirmation;

/** What ends a subscription, a listener or a watch. Closing twice is harmless. */
export interface Closer {
  close(): void;
}

/** What became of an envelope that the bus gave up. */
export type DropReason = "away" | "overflow" | "too-large";

/**
 * Messages between edges and transaction members. Delivery is at most once, first in first out per subject. A
 * subscriber in this process gets the very object that was published.
 */
export interface Bus {
  /** Never throws. What is published to one subject in one turn of the event loop travels together. */
  publish(subject: string, envelope: Envelope): void;
  subscribe(subject: string, receive: (envelope: Envelope) => void): Closer;
  /** Small and rare: presence, "keep this trace". Not queued while the bus is away. */
  signal(subject: string, payload: Uint8Array): void;
  listen(subject: string, receive: (payload: Uint8Array) => void): Closer;
  /**
   * Tells of each envelope that was given up in this process, so that an edge can answer 503. An `Outbound` with
   * `failureTo` gets its `SendFailure` besides.
   */
  onDrop(run: (subject: string, envelope: Envelope, reason: DropReason) => void): Closer;
  /** "away": no broker can be reached; what is published to others is held for a moment and then dropped. */
  readonly state: "connected" | "away";
  /**
   * Milliseconds since the latest signal of ours was sent that we have got back from the broker; 0 where there is none.
   * Who signals regularly sees by it that there may be much which has not been heard yet: the broker hangs, or this
   * process got no processor for a while.
   */
  readonly silence: number;
  /** Publishes what is queued, then ends every subscription. */
  close(): Promise<void>;
}

/** What a bus tells its metrics. Absent: nobody counts. */
export interface BusObserver {
  /** Envelopes that left or came, and whether they stayed in this process. */
  published(envelopes: number, path: "local" | "broker"): void;
  received(envelopes: number): void;
  dropped(envelopes: number, reason: DropReason): void;
  /** A frame that could not be read, or a subscriber that threw. */
  failed(where: "frame" | "subscriber", error: unknown): void;
}
