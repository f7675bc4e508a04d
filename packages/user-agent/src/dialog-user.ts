import type { Request } from "@sipmesh/sip";
import type { ServerTransaction } from "./transaction-layer.ts";

/** Who has a dialog: the peer's requests inside it go there. */
export interface DialogUser {
  /** A request of the peer inside the dialog. */
  receive(transaction: ServerTransaction): void;
  /** The ACK of a 2xx. */
  acknowledged(request: Request): void;
}
