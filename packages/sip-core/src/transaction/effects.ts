import type { Draft, Request, Response } from "@sipmesh/sip";

/**
 * The timers of the transactions, named as RFC 3261 table 4 and RFC 6026 (L, M) name them. `trying` is the server's:
 * when it fires, nobody has answered yet and a 100 is due (RFC 3261 section 17.2.1, RFC 4320 section 4.1).
 */
export type TimerName = "A" | "B" | "D" | "E" | "F" | "G" | "H" | "I" | "J" | "K" | "L" | "M" | "trying";

/** What a transaction asks of who runs it. Closed: nothing else ever happens. */
export type TransactionEffect =
  /** To the transport. Retransmissions are the very same object, so that bytes can be kept by identity. */
  | { readonly type: "send"; readonly message: Draft }
  /** To the transaction user. */
  | { readonly type: "pass"; readonly message: Request | Response }
  /** Sets a timer, in milliseconds from now; one that runs under the same name is replaced. */
  | { readonly type: "start"; readonly timer: TimerName; readonly after: number }
  /** Calls a timer off; without effect where it does not run. */
  | { readonly type: "stop"; readonly timer: TimerName }
  /** To the transaction user: nobody answered in time, or the transport could not deliver. */
  | { readonly type: "failed"; readonly cause: "timeout" | "transport" }
  /** The transaction is gone: forget its state, call its timers off. Always the last effect. */
  | { readonly type: "terminated" };

/** What may happen to a server transaction. */
export type ServerEvent =
  /** The request came again. */
  | { readonly type: "request" }
  /** An ACK that matches (INVITE only). */
  | { readonly type: "ack"; readonly message: Request }
  /** The transaction user answers. */
  | { readonly type: "respond"; readonly message: Draft; readonly status: number }
  | { readonly type: "timer"; readonly timer: TimerName }
  | { readonly type: "transport-error" };

/** What may happen to a client transaction. */
export type ClientEvent =
  | { readonly type: "response"; readonly message: Response }
  | { readonly type: "timer"; readonly timer: TimerName }
  | { readonly type: "transport-error" };
