import type { Clock, Random } from "@sipmesh/environment";
import { BindError, type Network } from "@sipmesh/transport";
import type { MediaConfig } from "./config.ts";
import type { Counters } from "./counters.ts";
import type { Interface } from "./interfaces.ts";
import { MediaError } from "./media-error.ts";
import { PortPool } from "./port-pool.ts";
import { type Lane, RelayPort } from "./relay-port.ts";
import type { PortPair } from "./session.ts";

/** Relays of ours that one stream may pass through, one after the other. */
const LONGEST_CHAIN = 64;

/** Ports that other programs hold are skipped; after this many in a row something else is wrong. */
const ATTEMPTS = 16;

/** Milliseconds between attempts at ports that whoever had them before has not let go of yet. */
const AGAIN_AFTER = 50;

/** Enough for the burst of a phone that catches up; one socket of thousands must not ask for the 4 MiB of a listener. */
const BUFFER = 256 * 1024;

export interface OpenPair {
  readonly rtp: RelayPort;
  readonly rtcp: RelayPort;
}

/** Opens and closes pairs of UDP sockets, on every local address from a pool of its own. */
export class Ports {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #range: MediaConfig["ports"];
  readonly #counters: Counters;
  readonly #pools = new Map<string, PortPool>();
  readonly #open = new Map<PortPair, OpenPair>();
  /** By "address port", as bound and as advertised. */
  readonly #places = new Map<string, RelayPort>();

  constructor(network: Network, clock: Clock, random: Random, range: MediaConfig["ports"], counters: Counters) {
    this.#network = network;
    this.#clock = clock;
    this.#random = random;
    this.#range = range;
    this.#counters = counters;
  }

  #poolOf(bind: string): PortPool {
    const known = this.#pools.get(bind);
    if (known !== undefined) return known;
    const { first, last, rest } = this.#range;
    const pool = new PortPool(first, last, rest * 1000, (below) => this.#random.integer(below));
    this.#pools.set(bind, pool);
    return pool;
  }

  async #bind(bind: string, port: number): Promise<RelayPort> {
    const relayPort = new RelayPort(this.#counters, this.#clock);
    const { receive, failed } = relayPort;
    relayPort.socket = await this.#network.udp({ address: bind, port, receive, failed, buffer: BUFFER });
    return relayPort;
  }

  /** @throws MediaError `media-no-port`, `media-no-address` */
  async open({ bind, advertise }: Interface): Promise<PortPair> {
    const pool = this.#poolOf(bind);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const port = pool.take(this.#clock.now());
      if (port === undefined) break;
      let rtp: RelayPort | undefined;
      try {
        rtp = await this.#bind(bind, port);
        const rtcp = await this.#bind(bind, port + 1);
        const pair: PortPair = { bind, advertise, port };
        this.#opened(pair, { rtp, rtcp });
        return pair;
      } catch (error) {
        await rtp?.socket?.close();
        pool.giveBack(port, this.#clock.now());
        if (!(error instanceof BindError)) throw error;
        if (error.code === "address-not-available") {
          throw new MediaError("media-no-address", `no RTP ports on ${bind}: ${error.message}`, error);
        }
        if (error.code !== "address-in-use") throw new MediaError("media-no-port", error.message, error);
      }
    }
    const { first, last } = this.#range;
    throw new MediaError("media-no-port", `no free pair of ports from ${first} to ${last} on ${bind}`);
  }

  #opened(pair: PortPair, open: OpenPair): void {
    const { bind, advertise, port } = pair;
    this.#open.set(pair, open);
    for (const address of [bind, advertise]) {
      this.#places.set(`${address} ${port}`, open.rtp);
      this.#places.set(`${address} ${port + 1}`, open.rtcp);
    }
  }

  /** Keeps ports for a session that had them before: nobody else is lent them until they are closed. */
  reserve(pair: PortPair): void {
    this.#poolOf(pair.bind).reserve(pair.port);
  }

  /**
   * Opens ports that were reserved. While another process still has them they are tried again.
   *
   * @param within milliseconds
   * @throws MediaError `media-no-port`, `media-no-address`; they are reserved no more
   */
  async reopen(pair: PortPair, within: number): Promise<void> {
    const { bind, port } = pair;
    const end = this.#clock.now() + within;
    for (;;) {
      let rtp: RelayPort | undefined;
      try {
        rtp = await this.#bind(bind, port);
        this.#opened(pair, { rtp, rtcp: await this.#bind(bind, port + 1) });
        return;
      } catch (error) {
        await rtp?.socket?.close();
        if (error instanceof BindError && error.code === "address-in-use" && this.#clock.now() < end) {
          await new Promise<void>((resolve) => void this.#clock.after(AGAIN_AFTER, resolve));
          continue;
        }
        this.#poolOf(bind).giveBack(port, this.#clock.now());
        if (!(error instanceof BindError)) throw error;
        const code = error.code === "address-not-available" ? "media-no-address" : "media-no-port";
        throw new MediaError(code, `the ports ${port} and ${port + 1} of a session are not to be had`, error);
      }
    }
  }

  of(pair: PortPair): OpenPair {
    const open = this.#open.get(pair);
    if (open === undefined) throw new Error(`ports ${pair.bind}:${pair.port} are not open`);
    return open;
  }

  async close(pair: PortPair): Promise<void> {
    const open = this.#open.get(pair);
    if (open === undefined) return;
    this.#open.delete(pair);
    for (const address of [pair.bind, pair.advertise]) {
      this.#places.delete(`${address} ${pair.port}`);
      this.#places.delete(`${address} ${pair.port + 1}`);
    }
    await Promise.all([open.rtp.socket?.close(), open.rtcp.socket?.close()]);
    this.#poolOf(pair.bind).giveBack(pair.port, this.#clock.now());
  }

  /**
   * Whether what this lane's peer is sent would come back to be sent again, should the peer be at that place: a
   * description that names ports of ours would have packets go round for ever. A call that passes here twice is none.
   */
  comesBack(lane: Lane, place: { readonly address: string; readonly port: number }): boolean {
    const ahead = [`${place.address} ${place.port}`];
    const seen = new Set(ahead);
    for (const name of ahead) {
      for (const { other } of this.#places.get(name)?.lanes ?? []) {
        if (other === lane || seen.size > LONGEST_CHAIN) return true;
        const next = `${other.latch.address} ${other.latch.port}`;
        if (!seen.has(next)) ahead.push(next);
        seen.add(next);
      }
    }
    return false;
  }

  /** UDP ports in use. */
  get inUse(): number {
    return 2 * this.#open.size;
  }

  /** Share of the ports that are lent, of the address that has the fewest left: 0 to 1. */
  get load(): number {
    let most = 0;
    for (const { lent, size } of this.#pools.values()) most = Math.max(most, lent / size);
    return most;
  }

  state(): unknown {
    return [...this.#pools].map(([address, { lent, resting, size }]) => ({
      address,
      pairs: size,
      lent,
      resting,
    }));
  }
}
