import type { Random } from "@sipmesh/environment";
import { VirtualClock } from "@sipmesh/environment/testing";
import type { Address } from "@sipmesh/sip";
import type { Connection, ConnectionHandlers, Network, Resolver } from "@sipmesh/transport";
import type { Surroundings } from "../surroundings.ts";

const DELAY = 5;

/** A world of its own for the tests of this package: time that jumps, datagrams that can be lost, seeded chance. */
export class World implements Surroundings {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly network: Network;
  readonly errors: unknown[] = [];
  /** Whether this datagram is lost. */
  lose: (text: string) => boolean = () => false;
  readonly #sockets = new Map<string, (bytes: Uint8Array, from: Address) => void>();
  readonly #listeners = new Map<string, (connection: Connection) => ConnectionHandlers>();
  #port = 40_000;
  #seed = 1;

  constructor() {
    this.random = {
      bytes: (n) => Uint8Array.from({ length: n }, () => this.#chance(256)),
      integer: (below) => this.#chance(below),
      token: (n) => Array.from({ length: n }, () => this.#chance(36).toString(36)).join(""),
    };
    this.network = this.#makeNetwork();
  }

  report(error: unknown): void {
    this.errors.push(error);
  }

  /** Lets so many milliseconds pass. */
  pass(ms: number): Promise<void> {
    return this.clock.pass(ms);
  }

  /** Timers and messages on their way. */
  get pending(): number {
    return this.clock.timers;
  }

  #chance(below: number): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#seed / 0x1_0000_0000) * below);
  }

  #makeNetwork(): Network {
    return {
      udp: async ({ address, port, receive }) => {
        const local = { address, port: port === 0 ? this.#port++ : port };
        const name = `${address}:${local.port}`;
        this.#sockets.set(name, receive);
        return {
          local,
          send: (bytes, toPort, toAddress) => {
            if (this.lose(Buffer.from(bytes).toString("latin1"))) return;
            this.clock.after(DELAY, () => this.#sockets.get(`${toAddress}:${toPort}`)?.(bytes, local));
          },
          close: async () => void this.#sockets.delete(name),
        };
      },
      listen: async ({ address, port, accepted }) => {
        const local = { address, port: port === 0 ? this.#port++ : port };
        this.#listeners.set(`${address}:${local.port}`, accepted);
        return { local, close: async () => void this.#listeners.delete(`${address}:${local.port}`) };
      },
      connect: ({ remote, localAddress }, handlers) => this.#connect(remote, localAddress ?? "127.0.0.1", handlers),
      localAddressToward: () => "127.0.0.1",
      ownAddresses: () => ["127.0.0.1"],
      resolver: undefined as unknown as Resolver,
    };
  }

  #connect(remote: Address, address: string, handlers: ConnectionHandlers): Connection {
    const local = { address, port: this.#port++ };
    let far: ConnectionHandlers | undefined;
    let open = true;
    const end = (): void => {
      if (!open) return;
      open = false;
      handlers.closed();
      far?.closed();
    };
    const side = (from: Address, to: Address, other: () => ConnectionHandlers | undefined): Connection => ({
      local: from,
      remote: to,
      queued: 0,
      write: (bytes) => {
        if (open) this.clock.after(DELAY, () => open && other()?.received(bytes));
        return open;
      },
      close: () => void this.clock.after(DELAY, end),
      destroy: end,
    });
    const near = side(local, remote, () => far);
    this.clock.after(0, () => {
      const accepted = this.#listeners.get(`${remote.address}:${remote.port}`);
      if (accepted === undefined) return end();
      far = accepted(side(remote, local, () => handlers));
      handlers.opened?.();
      return undefined;
    });
    return near;
  }
}
