import type { Address } from "@sipmesh/sip";
import type { Network, UdpSocket } from "@sipmesh/transport";
import type { Place } from "./listening.ts";
import { Told } from "./told.ts";

/** A bound UDP socket of the edge. */
export interface UdpListener {
  readonly socket: UdpSocket;
  readonly place: Place;
  readonly bound: Address;
  /** As flows and peers have it. */
  readonly told: Told;
}

export interface UdpEvents {
  received(bytes: Uint8Array, from: Address, local: Address): void;
  failed(error: Error, to: Address | undefined): void;
}

/** The UDP sockets of the edge, found by the local address of a flow. */
export class UdpSockets {
  readonly #network: Network;
  readonly #events: UdpEvents;
  readonly #advertised: (place: Place, bound: Address) => Address;
  readonly #listeners: UdpListener[] = [];

  /** @param advertised what peers are told of a bound socket */
  constructor(network: Network, events: UdpEvents, advertised: (place: Place, bound: Address) => Address) {
    this.#network = network;
    this.#events = events;
    this.#advertised = advertised;
  }

  get listeners(): readonly UdpListener[] {
    return this.#listeners;
  }

  async bind(place: Place): Promise<UdpListener> {
    const events = this.#events;
    let told: Told | undefined;
    const socket = await this.#network.udp({
      address: place.address,
      port: place.port,
      receive(bytes, from) {
        if (told !== undefined) events.received(bytes, from, told.now);
      },
      failed: (error, to) => events.failed(error, to),
    });
    told = new Told(this.#advertised(place, socket.local));
    const listener = { socket, place, bound: socket.local, told };
    this.#listeners.push(listener);
    return listener;
  }

  /** The socket that a flow with this local address goes over; where several are advertised alike, the one that faces. */
  of(local: Address, remote: Address): UdpSocket | undefined {
    const same = this.#listeners.filter((one) => one.told.includes(local));
    if (same.length < 2) return same[0]?.socket;
    const facing = this.#network.localAddressToward(remote.address);
    return (same.find((one) => one.bound.address === facing) ?? same[0])?.socket;
  }

  /** The socket for a destination without a flow: bound to the address that faces it, else one of its family. */
  toward(remote: Address): UdpSocket | undefined {
    const facing = this.#network.localAddressToward(remote.address);
    const exact = this.#listeners.find((one) => one.bound.address === facing);
    const family = remote.address.includes(":");
    return (exact ?? this.#listeners.find((one) => one.bound.address.includes(":") === family))?.socket;
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.splice(0).map((one) => one.socket.close()));
  }
}
