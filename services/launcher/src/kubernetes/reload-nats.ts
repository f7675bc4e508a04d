import { X509Certificate } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { connect } from "@nats-io/transport-node";

/** Milliseconds for one question. */
const PATIENCE = 5_000;

export interface NatsReload {
  /** Where each server answers clients, by a name that its certificate bears: "host:port". */
  readonly servers: readonly string[];
  /** What the servers are to show, and whom they and we trust, in PEM. */
  readonly identity: { readonly ca: string; readonly certificate: string; readonly key: string };
  /** A user of the system account. */
  readonly user: string;
  readonly password: string;
  /** Milliseconds within which all have to show it; Kubernetes renews the files in a pod within two minutes. */
  readonly within: number;
  /** Milliseconds between two attempts. */
  readonly every: number;
}

/**
 * Lets each server read its files again until it shows the certificate, without a restart: nats-server (2.10 or newer) takes
 * that order from its system account. Servers that show it already are left alone.
 *
 * @returns the servers that were told to
 * @throws Error where a server does not show it in time
 */
export async function reloadNats(wanted: NatsReload): Promise<readonly string[]> {
  return (await Promise.all(wanted.servers.map((server) => bringToIt(server, wanted)))).flat();
}

async function bringToIt(server: string, wanted: NatsReload): Promise<readonly string[]> {
  const { fingerprint256 } = new X509Certificate(wanted.identity.certificate);
  const end = performance.now() + wanted.within;
  let told = false;
  for (;;) {
    try {
      if ((await shownBy(server, wanted)) === fingerprint256) return told ? [server] : [];
      await reload(server, wanted);
      told = true;
    } catch (error) {
      if (performance.now() > end)
        throw new Error(`${server} does not show the new certificate: ${error}`, { cause: error });
    }
    if (performance.now() > end) throw new Error(`${server} does not show the new certificate, though it was told to`);
    await pause(wanted.every);
  }
}

/** The fingerprint of the certificate that a server shows. It speaks TLS from the first byte. */
function shownBy(server: string, { identity }: NatsReload): Promise<string> {
  const { hostname, port } = new URL(`nats://${server}`);
  const { ca, certificate: cert, key } = identity;
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: hostname, port: Number(port), servername: hostname, ca, cert, key }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? "");
      socket.end();
    });
    socket.setTimeout(PATIENCE, () => socket.destroy(new Error(`${server} does not answer`)));
    socket.once("error", reject);
  });
}

async function reload(server: string, { identity, user, password }: NatsReload): Promise<void> {
  const { ca, certificate: cert, key } = identity;
  const connection = await connect({
    servers: [server],
    user,
    pass: password,
    reconnect: false,
    // The server that was asked for, not one that it knows of.
    ignoreClusterUpdates: true,
    timeout: PATIENCE,
    tls: { ca, cert, key, handshakeFirst: true },
  });
  try {
    const subject = `$SYS.REQ.SERVER.${connection.info?.server_id}.RELOAD`;
    const answer = (await connection.request(subject, "", { timeout: PATIENCE })).json<{
      error?: { description?: string };
    }>();
    if (answer.error !== undefined) throw new Error(`${server} cannot reload: ${answer.error.description}`);
  } finally {
    await connection.close();
  }
}
