import type { Clock, Random } from "@sipmesh/environment";
import type { Address } from "@sipmesh/sip";
import type { Connection, ConnectionHandlers, Network, Resolver } from "@sipmesh/transport";
import type { Surroundings } from "../surroundings.ts";

interface Due {
  readonly time: number;
  readonly order: number;
  run: (() => void) | undefined;
}

const DELAY = 5;

/** A world of its own for the tests of this package: time that jumps, datagrams that can be lost, seeded chance. */
export class World implements Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly errors: unknown[] = [];
  /** Whether this datagram is lost. */
  lose: (text: string) => boolean = () => false;
  #now = 1_700_000_000_000;
  #order = 0;
  #due: Due[] = [];
  readonly #sockets = new Map<string, (bytes: Uint8Array, from: Address) => void>();
  readonly #listeners = new Map<string, (connection: Connection) => ConnectionHandlers>();
  #port = 40_000;
  #seed = 1;

  constructor() {
    this.clock = {
      now: () => this.#now,
      after: (ms, run) => {
        const due: Due = { time: this.#now + Math.max(0, ms), order: this.#order++, run };
        this.#due.push(due);
        return {
          cancel: () => {
            due.run = undefined;
          },
        };
      },
    };
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
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      this.#due = this.#due.filter((due) => due.run !== undefined);
      const next = this.#due.reduce<Due | undefined>((first, due) => (isBefore(due, first) ? due : first), undefined);
      if (next === undefined || next.time > end) break;
      this.#now = next.time;
      const { run } = next;
      next.run = undefined;
      run?.();
    }
    this.#now = end;
  }

  /** Timers and messages on their way. */
  get pending(): number {
    return this.#due.filter((due) => due.run !== undefined).length;
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

function isBefore(a: Due, b: Due | undefined): boolean {
  return b === undefined || a.time < b.time || (a.time === b.time && a.order < b.order);
}

/** All that promises lead to is done. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
