import type { VirtualClock } from "@sipmesh/environment/testing";
import type { Address } from "@sipmesh/sip";
import {
  BindError,
  type Connection,
  type ConnectionHandlers,
  type ConnectOptions,
  type ListenOptions,
  type Network,
  type UdpOptions,
  type UdpSocket,
} from "@sipmesh/transport";
import type { SeededRandom } from "./seeded-random.ts";
import { fair, type Weather } from "./weather.ts";

/** What happened to a piece of data on the way. */
export interface Passage {
  /** Milliseconds since the simulation began. */
  readonly at: number;
  readonly what: "sent" | "delivered" | "lost" | "unheard";
  readonly transport: "udp" | "tcp";
  readonly from: Address;
  readonly to: Address;
  readonly bytes: Uint8Array;
}

const FIRST_EPHEMERAL = 40_000;
const LOOPBACK = "127.0.0.1";
const place = ({ address, port }: Address): string => `${address}:${port}`;

interface Bound {
  readonly options: UdpOptions;
  closed: boolean;
}

/** One direction of a connection: in order, nothing lost, in pieces as the network likes it. */
class Pipe {
  /** When the last piece arrives: what is sent later arrives later. */
  #free: number;
  #closed = false;
  readonly #internet: VirtualInternet;
  readonly #from: Address;
  readonly #to: Address;
  readonly #handlers: () => ConnectionHandlers | undefined;

  constructor(
    internet: VirtualInternet,
    from: Address,
    to: Address,
    opens: number,
    handlers: () => ConnectionHandlers | undefined,
  ) {
    this.#free = opens;
    this.#internet = internet;
    this.#from = from;
    this.#to = to;
    this.#handlers = handlers;
  }

  send(bytes: Uint8Array): void {
    const { random } = this.#internet;
    this.#internet.tell("sent", "tcp", this.#from, this.#to, bytes);
    const cut = bytes.length > 1 && random.chance(0.2) ? 1 + random.integer(bytes.length - 1) : bytes.length;
    for (const piece of [bytes.slice(0, cut), bytes.slice(cut)]) {
      if (piece.length > 0) this.#later(() => this.#handlers()?.received(piece));
    }
  }

  finish(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#later(() => this.#handlers()?.closed(error));
  }

  #later(run: () => void): void {
    const { clock } = this.#internet;
    this.#free = Math.max(this.#free, clock.elapsed + this.#internet.delay(this.#from, this.#to));
    clock.after(this.#free - clock.elapsed, run);
  }
}

class VirtualConnection implements Connection {
  readonly local: Address;
  readonly remote: Address;
  readonly queued = 0;
  readonly #out: Pipe;
  readonly #gone: () => void;
  #open = true;

  constructor(local: Address, remote: Address, out: Pipe, gone: () => void) {
    this.local = local;
    this.remote = remote;
    this.#out = out;
    this.#gone = gone;
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#open) return false;
    this.#out.send(bytes.slice());
    return true;
  }

  close(): void {
    this.destroy();
  }

  destroy(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#out.finish();
    this.#gone();
  }

  /** The other side closed. */
  ended(): void {
    this.#open = false;
  }
}

/** Hosts with addresses, and between them a network whose weather can be chosen. */
export class VirtualInternet {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  /** Of every pair of hosts, unless `between` says otherwise. */
  weather: Weather = fair;
  /** True: nothing passes between these hosts. */
  cut: (from: string, to: string) => boolean = () => false;
  readonly #sockets = new Map<string, Bound>();
  readonly #listeners = new Map<string, ListenOptions>();
  /** By what ends a connection from outside, the hosts at its ends. */
  readonly #connections = new Map<() => void, readonly [string, string]>();
  readonly #taps: ((passage: Passage) => void)[] = [];
  #ephemeral = FIRST_EPHEMERAL;

  constructor(clock: VirtualClock, random: SeededRandom) {
    this.clock = clock;
    this.random = random;
  }

  /** Sees everything that is sent and what becomes of it. */
  tap(run: (passage: Passage) => void): void {
    this.#taps.push(run);
  }

  tell(what: Passage["what"], transport: Passage["transport"], from: Address, to: Address, bytes: Uint8Array): void {
    for (const tap of this.#taps) tap({ at: this.clock.elapsed, what, transport, from, to, bytes });
  }

  /** Nothing is lost or late on the way from a host to itself. */
  delay(from: Address, to: Address): number {
    return from.address === to.address ? 0.05 : this.random.between(...this.weather.delay);
  }

  /** The network as the host of that address has it. */
  host(address: string): Network {
    return {
      udp: async (options) => this.#bind(address, options),
      listen: async (options) => {
        const local = this.#place(address, options.address, options.port);
        if (this.#listeners.has(place(local)))
          throw new BindError("tcp", local.address, local.port, { code: "EADDRINUSE" });
        this.#listeners.set(place(local), options);
        return { local, close: async () => void this.#listeners.delete(place(local)) };
      },
      connect: (options, handlers) => this.#connect(address, options, handlers),
      localAddressToward: (remote) => (remote.startsWith("127.") ? LOOPBACK : address),
      ownAddresses: () => [address],
      resolver: { a: async () => [], aaaa: async () => [], srv: async () => [], naptr: async () => [] },
    };
  }

  /** All programs of a host stop at once: its sockets are gone; who had a connection to it hears that it ended. */
  crash(address: string): void {
    for (const [key, bound] of this.#sockets) {
      if (key.startsWith(`${address}:`)) {
        bound.closed = true;
        this.#sockets.delete(key);
      }
    }
    for (const [end, hosts] of [...this.#connections]) if (hosts.includes(address)) end();
    for (const key of [...this.#listeners.keys()]) if (key.startsWith(`${address}:`)) this.#listeners.delete(key);
  }

  #place(host: string, address: string, port: number): Address {
    const wildcard = address === "0.0.0.0" || address === "::";
    return { address: wildcard ? host : address, port: port === 0 ? this.#ephemeral++ : port };
  }

  #bind(host: string, options: UdpOptions): UdpSocket {
    const local = this.#place(host, options.address, options.port);
    if (local.address !== host && local.address !== LOOPBACK) {
      throw new BindError("udp", local.address, local.port, { code: "EADDRNOTAVAIL" });
    }
    if (this.#sockets.has(place(local))) throw new BindError("udp", local.address, local.port, { code: "EADDRINUSE" });
    const bound: Bound = { options, closed: false };
    this.#sockets.set(place(local), bound);
    return {
      local,
      send: (bytes, port, address, sent) => {
        if (!bound.closed) this.#datagram(local, { address, port }, bytes.slice());
        if (sent !== undefined) queueMicrotask(() => sent(null));
      },
      close: async () => {
        bound.closed = true;
        if (this.#sockets.get(place(local)) === bound) this.#sockets.delete(place(local));
      },
    };
  }

  #datagram(from: Address, to: Address, bytes: Uint8Array): void {
    this.tell("sent", "udp", from, to, bytes);
    const alone = from.address === to.address;
    if (!alone && (this.cut(from.address, to.address) || this.random.chance(this.weather.loss))) {
      this.tell("lost", "udp", from, to, bytes);
      return;
    }
    const copies = !alone && this.random.chance(this.weather.duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      this.clock.after(this.delay(from, to), () => {
        const bound = this.#sockets.get(place(to));
        this.tell(bound === undefined ? "unheard" : "delivered", "udp", from, to, bytes);
        bound?.options.receive(bytes.slice(), from);
      });
    }
  }

  #connect(host: string, options: ConnectOptions, handlers: ConnectionHandlers): Connection {
    const local = { address: options.localAddress ?? host, port: this.#ephemeral++ };
    const { remote } = options;
    let accepted: ConnectionHandlers | undefined;
    let ours: ConnectionHandlers | undefined = handlers;
    let server: VirtualConnection | undefined;
    const handshake = this.delay(local, remote);
    const opens = this.clock.elapsed + handshake;
    const out = new Pipe(this, local, remote, opens, () => accepted);
    const back = new Pipe(this, remote, local, opens, () => ours);
    const closeOurs = (error?: Error): void => {
      const told = ours;
      ours = undefined;
      this.#connections.delete(crash);
      queueMicrotask(() => told?.closed(error));
    };
    const closeAccepted = (error?: Error): void => {
      const told = accepted;
      accepted = undefined;
      queueMicrotask(() => told?.closed(error));
    };
    const client: VirtualConnection = new VirtualConnection(local, remote, out, () => {
      server?.ended();
      closeOurs();
    });
    const crash = (): void => {
      client.ended();
      server?.ended();
      closeOurs(new Error("connection reset"));
      closeAccepted(new Error("connection reset"));
    };
    this.#connections.set(crash, [local.address, remote.address]);
    this.clock.after(handshake, () => {
      if (ours === undefined) return;
      const listener = this.cut(local.address, remote.address) ? undefined : this.#listeners.get(place(remote));
      if (listener === undefined) {
        client.ended();
        closeOurs(new Error(`connection refused by ${place(remote)}`));
        return;
      }
      server = new VirtualConnection(remote, local, back, () => {
        client.ended();
        closeAccepted();
      });
      accepted = listener.accepted(server);
      ours.opened?.();
    });
    return client;
  }
}
