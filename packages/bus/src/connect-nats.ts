import { readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { credsAuthenticator, type NatsConnection, type TlsOptions } from "@nats-io/nats-core";
import { connect, type NodeConnectionOptions } from "@nats-io/transport-node";
import { NextServer } from "./next-server.ts";

/** How to reach NATS. */
export interface NatsSettings {
  /** "nats://nats:4222" */
  readonly servers: readonly string[];
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** A file of credentials (JWT and key seed). */
  readonly credentials?: string | undefined;
  /** Absent: encrypted where a server's URL begins with `tls:` or the server asks for it. */
  readonly tls?: NatsTls | undefined;
}

/** TLS towards NATS. Files are PEM, read for each connection. */
export interface NatsTls {
  /** The name that the servers' certificates bear; absent: the one in the URL, which must not be an IP address then. */
  readonly name?: string | undefined;
  /** Certificates of the authorities that are trusted; absent: those that Node.js comes with. */
  readonly ca?: string | undefined;
  /** The certificate that we show, and its key; absent: none. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  /** TLS from the first byte, where the server does so too (`handshake_first`, from 2.10 on). */
  readonly first?: boolean | undefined;
}

/** Milliseconds between attempts to reach NATS, with some more at random so that not all come at once. */
const AGAIN_AFTER = 250;
const JITTER = 250;
/**
 * Milliseconds for one attempt. A server that refuses our certificate ends the connection, which the library waits out;
 * the address of a node that lost its power never answers at all.
 */
const ATTEMPT = 1500;
/**
 * Milliseconds between signs of life. At the third time with two unanswered the connection is given up: within two
 * seconds, sooner than who hears nothing over it could take others for dead.
 */
const SIGN_OF_LIFE = 650;

/**
 * Connects to NATS, waits until it is there, and comes back to it for ever.
 *
 * @param name is shown in the server's own reports
 * @param waiting is told now and then why it still waits
 * @param patience ends the waiting for the first connection: rejects with its reason
 */
export async function connectNats(
  settings: NatsSettings,
  name: string,
  waiting: (error: unknown) => void,
  patience?: AbortSignal,
): Promise<NatsConnection> {
  const { servers, user, password, token, credentials } = settings;
  const tls = tlsOptions(settings);
  const next = new NextServer();
  const options: NodeConnectionOptions = {
    servers: [...servers],
    name,
    reconnectToServer: next.choose,
    maxReconnectAttempts: -1,
    reconnectTimeWait: AGAIN_AFTER,
    reconnectJitter: JITTER,
    reconnectJitterTLS: JITTER,
    timeout: ATTEMPT,
    pingInterval: SIGN_OF_LIFE,
    maxPingOut: 2,
    // A wrong password that is put right again must not need a restart.
    ignoreAuthErrorAbort: true,
    ...(tls !== undefined && { tls }),
    ...(user !== undefined && { user, pass: password ?? "" }),
    ...(token !== undefined && { token }),
    ...(credentials !== undefined && { authenticator: credsAuthenticator(await readFile(credentials)) }),
  };
  for (let attempt = 0; ; attempt++) {
    try {
      const connection = await connect(options);
      next.connected(connection.getServer());
      void follow(connection, next);
      return connection;
    } catch (error) {
      if (attempt % 20 === 0) waiting(inOurWords(error, settings));
      patience?.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER));
    }
  }
}

/**
 * Tells which server a connection is to, and breaks one off that is stale. The library gives a silent server up, and then
 * waits until all that was written has been taken: by one that has lost its power, when TCP gives up after a quarter of an
 * hour. It has no call that ends a connection at once.
 */
async function follow(connection: NatsConnection, next: NextServer): Promise<void> {
  const { protocol } = connection as unknown as { protocol: { transport?: { socket?: Socket } } };
  for await (const { type } of connection.status()) {
    if (type === "staleConnection") protocol.transport?.socket?.destroy();
    else if (type === "reconnect") next.connected(connection.getServer());
  }
}

function inOurWords(error: unknown, { tls }: NatsSettings): unknown {
  if (!(error instanceof Error)) return error;
  // Node.js hangs the whole chain of certificates on it, for the log.
  if ("cert" in error) return new Error(error.message);
  if (error.name !== "TimeoutError") return error;
  const certificate = tls?.certificate === undefined ? "" : ", or does not take our certificate: its log tells why";
  return new Error(`the server does not answer within ${ATTEMPT} ms${certificate}`, { cause: error });
}

/** Undefined where it is left to the server. With options, a server without TLS is refused. */
function tlsOptions({ servers, tls }: NatsSettings): TlsOptions | undefined {
  if (tls === undefined) return servers.some((server) => server.startsWith("tls:")) ? {} : undefined;
  const { name, ca, certificate, key, first } = tls;
  return {
    // The library hands all of this on to Node.js, and its own type knows but a part of it.
    ...(name !== undefined && ({ servername: name } as TlsOptions)),
    ...(ca !== undefined && { caFile: ca }),
    ...(certificate !== undefined && { certFile: certificate }),
    ...(key !== undefined && { keyFile: key }),
    ...(first === true && { handshakeFirst: true }),
  };
}

export type { NatsConnection };
