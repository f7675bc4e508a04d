import type { Draft, Response } from "@sipmesh/sip";
import type { Authenticator } from "./authenticator.ts";
import type { Peer } from "./peer.ts";
import type { ClientUser, TransactionLayer } from "./transaction-layer.ts";

/** How often one request is sent with better credentials. */
const MOST_ATTEMPTS = 4;

export interface AuthenticatedUser {
  /** Of the attempt that counts; `sent` is the request that it answers. A challenge that is answered is not shown. */
  response(response: Response, sent: Draft): void;
  failed(cause: "timeout" | "transport"): void;
}

/**
 * Sends a request, and again with credentials where it is challenged (RFC 3261 section 22.2, 22.3). `abandon` ends the
 * attempt that is under way without a word.
 */
export function sendAuthenticated(
  layer: TransactionLayer,
  authenticator: Authenticator,
  /** Makes the request anew: a branch and CSeq of its own each time. */
  make: () => { readonly draft: Draft; readonly peer: Peer },
  user: AuthenticatedUser,
): { abandon(): void } {
  const answered = new Set<string>();
  let attempts = 0;
  let latest: { abandon(): void } | undefined;
  const attempt = (): void => {
    attempts++;
    const { draft, peer } = make();
    const client: ClientUser = {
      response(response) {
        const challenged = response.status === 401 || response.status === 407;
        if (challenged && attempts < MOST_ATTEMPTS && authenticator.learn(response, answered)) attempt();
        else user.response(response, draft);
      },
      failed: (cause) => user.failed(cause),
    };
    latest = layer.send(draft, peer, client);
  };
  attempt();
  return { abandon: () => latest?.abandon() };
}
