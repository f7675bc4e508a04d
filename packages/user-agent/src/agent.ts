import type { Draft } from "@sipmesh/sip";
import type { Audio } from "./audio.ts";
import type { Authenticator } from "./authenticator.ts";
import type { DialogUser } from "./dialog-user.ts";
import type { Peer } from "./peer.ts";
import type { UserAgentSettings } from "./settings.ts";
import type { SipTransport } from "./sip-transport.ts";
import type { Surroundings } from "./surroundings.ts";
import type { TransactionLayer } from "./transaction-layer.ts";

/** What calls and the registration have of their user agent. */
export interface Agent {
  readonly surroundings: Surroundings;
  readonly settings: UserAgentSettings;
  readonly transport: SipTransport;
  readonly layer: TransactionLayer;
  readonly authenticator: Authenticator;
  /** Where requests outside of dialogs go. */
  readonly server: Peer;
  /** The Contact value. */
  readonly contact: string;
  /** From of requests outside of dialogs, without tag. */
  readonly from: string;
  /** A Via value with a branch of its own. */
  via(): string;
  /** The next hop that a Route or a remote target names. */
  peerOf(uri: string): Peer;
  openAudio(): Promise<Audio>;
  /** Requests inside the dialog of this key go to its user, while it is one of the user agent's calls. */
  within(key: string, user: DialogUser): void;
  /** Sends a request that is no transaction: an ACK of a 2xx. */
  sendStateless(draft: Draft, peer: Peer): void;
}
