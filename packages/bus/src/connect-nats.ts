import { readFile } from "node:fs/promises";
import { credsAuthenticator, type NatsConnection } from "@nats-io/nats-core";
import { connect, type NodeConnectionOptions } from "@nats-io/transport-node";

/** How to reach NATS. */
export interface NatsSettings {
  /** "nats://nats:4222" */
  readonly servers: readonly string[];
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** A file of credentials (JWT and key seed). */
  readonly credentials?: string | undefined;
}

/** Milliseconds between attempts to reach NATS, with some more at random so that not all come at once. */
const AGAIN_AFTER = 250;
const JITTER = 250;
/** Milliseconds between signs of life; after two without an answer the connection is given up. */
const SIGN_OF_LIFE = 1000;

/**
 * Connects to NATS, waits until it is there, and comes back to it for ever.
 *
 * @param name is shown in the server's own reports
 * @param waiting is told now and then why it still waits
 */
export async function connectNats(
  settings: NatsSettings,
  name: string,
  waiting: (error: unknown) => void,
): Promise<NatsConnection> {
  const { servers, user, password, token, credentials } = settings;
  const options: NodeConnectionOptions = {
    servers: [...servers],
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: AGAIN_AFTER,
    reconnectJitter: JITTER,
    reconnectJitterTLS: JITTER,
    pingInterval: SIGN_OF_LIFE,
    maxPingOut: 2,
    // A wrong password that is put right again must not need a restart.
    ignoreAuthErrorAbort: true,
    ...(user !== undefined && { user, pass: password ?? "" }),
    ...(token !== undefined && { token }),
    ...(credentials !== undefined && { authenticator: credsAuthenticator(await readFile(credentials)) }),
  };
  for (let attempt = 0; ; attempt++) {
    try {
      return await connect(options);
    } catch (error) {
      if (attempt % 20 === 0) waiting(error);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER));
    }
  }
}

export type { NatsConnection };
