import type { Clock, Timer } from "@sipmesh/environment";
import type { Address, Limits, Message, Problem } from "@sipmesh/sip";
import type { Counter } from "@sipmesh/telemetry";
import type { Connection, ConnectionHandlers, Listener, Network } from "@sipmesh/transport";
import type { EdgeConfig } from "./config.ts";
import { keyOf } from "./keys.ts";
import type { Place } from "./listening.ts";
import type { Screen } from "./screen.ts";
import { Stream } from "./stream.ts";
import { Told } from "./told.ts";

/** Milliseconds between two looks at how old connections and incomplete messages are. */
const SWEEP = 1000;

export interface StreamEvents {
  octets(received: number): void;
  /** @returns whether it was valid, which proves the connection */
  message(message: Message, stream: Stream): boolean;
  problem(problem: Problem, message: Message | undefined, stream: Stream): void;
  ping(stream: Stream): void;
  failed(error: Error): void;
}

export interface StreamOptions {
  readonly edge: string;
  readonly config: EdgeConfig["tcp"];
  readonly limits: Limits;
  readonly clock: Clock;
  readonly network: Network;
  readonly screen: Screen;
  /** What peers are told of a bound socket. */
  readonly advertised: (place: Place, bound: Address) => Address;
  readonly events: StreamEvents;
  readonly closed: Counter;
  readonly refused: Counter;
}

/** A bound TCP listener of the edge. */
export interface TcpListener {
  readonly listener: Listener;
  readonly place: Place;
  readonly bound: Address;
  /** As peers have it. */
  readonly told: Told;
}

/** The TCP connections of the edge: accepted ones and those that it opened, bounded in number, silence and slowness. */
export class Streams {
  readonly #options: StreamOptions;
  readonly #listeners: TcpListener[] = [];
  readonly #streams = new Map<number, Stream>();
  readonly #byRemote = new Map<string, Stream>();
  readonly #perSource = new Map<string, number>();
  #unlistened: Promise<void> | undefined;
  #number = 0;
  #sweeping: Timer | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#streams.size;
  }

  get listeners(): readonly TcpListener[] {
    return this.#listeners;
  }

  [Symbol.iterator](): Iterator<Stream> {
    return this.#streams.values();
  }

  async listen(place: Place): Promise<TcpListener> {
    const { network, config, events, advertised } = this.#options;
    let told: Told | undefined;
    const listener = await network.listen({
      address: place.address,
      port: place.port,
      queue: config.queue,
      accepted: (connection) => this.#accept(connection, told?.now ?? connection.local),
      failed: (error) => events.failed(error),
    });
    told = new Told(advertised(place, listener.local));
    const bound = { listener, place, bound: listener.local, told };
    this.#listeners.push(bound);
    return bound;
  }

  /**
   * The connection of this number, where it still leads to that peer. Port 0 stands for whoever it leads to: a sealed
   * token names a connection by its number alone, which no other connection of this edge ever gets.
   */
  of(connection: number, remote: Address): Stream | undefined {
    const stream = this.#streams.get(connection);
    if (stream === undefined || stream.ending !== undefined) return undefined;
    return remote.port === 0 || keyOf(stream.remote) === keyOf(remote) ? stream : undefined;
  }

  /** A connection to the peer: one that stands, else a new one; undefined where there are too many. */
  toward(remote: Address): Stream | undefined {
    const known = this.#byRemote.get(keyOf(remote));
    if (known !== undefined && known.ending === undefined) return known;
    const { network, config } = this.#options;
    if (this.#streams.size >= config.connections) return undefined;
    const stream = this.#add(this.#advertisedToward(remote), remote, false);
    const handlers = this.#handlers(stream);
    stream.connection = network.connect(
      { remote, timeout: config.connect * 1000, queue: config.queue },
      {
        ...handlers,
        opened() {
          stream.opened = true;
          stream.waiting.length = 0;
        },
      },
    );
    return stream;
  }

  #advertisedToward(remote: Address): Address {
    const facing = this.#options.network.localAddressToward(remote.address);
    const listener = this.#listeners.find((one) => one.bound.address === facing);
    return listener?.told.now ?? { address: facing, port: 0 };
  }

  #accept(connection: Connection, local: Address): ConnectionHandlers {
    const { remote } = connection;
    const refusal = this.#refusal(remote.address);
    if (refusal !== undefined) {
      this.#options.refused.with({ reason: refusal }).add();
      connection.destroy();
      return { received() {}, closed() {} };
    }
    const stream = this.#add(local, remote, true);
    stream.connection = connection;
    return this.#handlers(stream);
  }

  #refusal(source: string): string | undefined {
    const { screen, config } = this.#options;
    if (screen.denies(source)) return "denied";
    if (this.#streams.size >= config.connections) return "full";
    if (!screen.trusts(source) && (this.#perSource.get(source) ?? 0) >= config.perSource) return "source";
    return undefined;
  }

  #add(local: Address, remote: Address, accepted: boolean): Stream {
    const { edge, limits, clock } = this.#options;
    do {
      this.#number = (this.#number % 0xffff_ffff) + 1;
    } while (this.#streams.has(this.#number));
    const flow = { edge, transport: "tcp", local, remote, connection: this.#number } as const;
    const stream = new Stream(flow, accepted, limits, clock.now());
    this.#streams.set(this.#number, stream);
    this.#byRemote.set(keyOf(remote), stream);
    if (accepted) this.#perSource.set(remote.address, (this.#perSource.get(remote.address) ?? 0) + 1);
    this.#sweeping ??= clock.after(SWEEP, () => this.#sweep());
    return stream;
  }

  #handlers(stream: Stream): ConnectionHandlers {
    return {
      received: (bytes) => this.#received(stream, bytes),
      closed: (error) => this.#closed(stream, error),
    };
  }

  #received(stream: Stream, bytes: Uint8Array): void {
    const { events, clock } = this.#options;
    if (stream.ending !== undefined) return;
    events.octets(bytes.length);
    const now = clock.now();
    stream.lastActive = now;
    const happened = stream.framer.push(bytes);
    for (const event of happened) {
      if (event.type === "message") {
        stream.carried(event.message.kind === "request" && event.message.method === "INVITE", now);
        if (events.message(event.message, stream)) stream.proven = true;
      } else if (event.type === "ping") {
        events.ping(stream);
      } else {
        events.problem(event.problem, event.message, stream);
        stream.finish("malformed");
      }
    }
    if (stream.framer.pending === 0) stream.incompleteSince = undefined;
    else if (stream.incompleteSince === undefined || happened.length > 0) stream.incompleteSince = now;
  }

  #closed(stream: Stream, error: Error | undefined): void {
    this.#streams.delete(stream.flow.connection);
    const key = keyOf(stream.remote);
    if (this.#byRemote.get(key) === stream) this.#byRemote.delete(key);
    if (stream.accepted) {
      const left = (this.#perSource.get(stream.remote.address) ?? 1) - 1;
      if (left > 0) this.#perSource.set(stream.remote.address, left);
      else this.#perSource.delete(stream.remote.address);
    }
    this.#options.closed.with({ reason: stream.ending ?? (error === undefined ? "peer" : "error") }).add();
    stream.ending ??= error === undefined ? "peer" : "error";
    for (const lost of stream.waiting.splice(0)) lost("connect");
  }

  #sweep(): void {
    this.#sweeping = undefined;
    const { clock, config } = this.#options;
    const now = clock.now();
    for (const stream of this.#streams.values()) {
      const { incompleteSince, proven, since, lastActive } = stream;
      if (incompleteSince !== undefined && now - incompleteSince > config.message * 1000) stream.end("slow");
      else if (!proven && now - since > config.proof * 1000) stream.end("unproven");
      else if (now - lastActive > config.idle * 1000) stream.finish("idle");
    }
    if (this.#streams.size > 0) this.#sweeping = clock.after(SWEEP, () => this.#sweep());
  }

  /** Accepts no more. What was listened at stays what peers are told: flows and routes name it. */
  unlisten(): Promise<void> {
    this.#unlistened ??= Promise.all(this.#listeners.map((one) => one.listener.close())).then(() => {});
    return this.#unlistened;
  }

  /** Writes what is queued and closes everything. */
  async close(): Promise<void> {
    this.#sweeping?.cancel();
    for (const stream of this.#streams.values()) stream.finish("stop");
    await this.unlisten();
  }
}
