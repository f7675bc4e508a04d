import type { Address } from "@sipmesh/sip";
import { type DemoSubscriber, readDemoSubscribers } from "./subscribers.ts";

/** The demo cannot be had; the message says what to do. */
export class DemoError extends Error {
  override readonly name = "DemoError";
}

/** A platform as the demo's phones see it. */
export interface FoundPlatform {
  readonly server: Address;
  /** The host of the phones' addresses of record. */
  readonly domain: string;
  readonly subscribers: readonly [DemoSubscriber, DemoSubscriber];
  /** Under which a call is found in Jaeger. */
  traceId(callId: string, fromTag: string): Promise<string | undefined>;
}

interface State {
  readonly targets?: { readonly edge?: { readonly listeners?: readonly (Address & { readonly transport: string })[] } };
}

/**
 * Asks the admin port where SIP is spoken, and takes the passwords from the data directory.
 * @throws DemoError where there is no platform, or it has no demo subscribers
 */
export async function findPlatform(
  admin: Address,
  passwords: string,
  transport: "udp" | "tcp",
): Promise<FoundPlatform> {
  const url = `http://${admin.address.includes(":") ? `[${admin.address}]` : admin.address}:${admin.port}`;
  const { targets } = (await ask(`${url}/state`)) as State;
  const listeners = (targets?.edge?.listeners ?? []).filter((one) => one.transport === transport);
  const server = listeners.find(({ address }) => address === "127.0.0.1") ?? listeners[0];
  if (server === undefined) throw new DemoError(`the platform at ${url} speaks no SIP over ${transport.toUpperCase()}`);
  const [one, other] = readDemoSubscribers(passwords) ?? [];
  if (one === undefined || other === undefined) {
    throw new DemoError(
      `there are no demo subscribers in ${passwords}: the platform has domains of its own, or another data directory; ` +
        "say `npm run demo -- --config FILE` with its configuration",
    );
  }
  const host = server.address.includes(":") ? `[${server.address}]` : server.address;
  return {
    server,
    domain: host,
    subscribers: [one, other],
    async traceId(callId, fromTag) {
      const query = new URLSearchParams({ "call-id": callId, "from-tag": fromTag });
      return ((await ask(`${url}/trace?${query}`)) as { traceId?: string }).traceId;
    },
  };
}

async function ask(url: string): Promise<unknown> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
    return await answer.json();
  } catch (error) {
    throw new DemoError(
      `no platform answers at ${new URL(url).origin}; start it in another terminal with: npm start (${(error as Error).message})`,
    );
  }
}
