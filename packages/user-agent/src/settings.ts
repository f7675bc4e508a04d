import type { Address } from "@sipmesh/sip";
import type { Secret } from "./authenticator.ts";

/** Who a softphone is, and by whom it registers and calls. */
export interface UserAgentSettings {
  /** "sip:alice@example.com" */
  readonly addressOfRecord: string;
  readonly displayName?: string;
  /** For digest challenges; absent: it does not register where it is challenged. */
  readonly secret?: Secret;
  /** Where its requests outside of dialogs go: registrar and outbound proxy. An IP literal. */
  readonly server: Address;
  readonly transport: "udp" | "tcp";
  /** Of its own sockets; where absent the address that faces the server, and any port. */
  readonly local?: Partial<Address>;
  /** Seconds that a registration is asked for; 3600 where absent. */
  readonly expires?: number;
  /** Hz of the tone that it plays to whom it talks with; false: its calls carry no audio. 440 where absent. */
  readonly tone?: number | false;
  /** Milliseconds between keep-alives while registered (RFC 5626); 0: none. 30000 over TCP and none over UDP where absent. */
  readonly keepAlive?: number;
  /** Calls at one time; further ones are answered 486. 8 where absent. */
  readonly mostCalls?: number;
}
