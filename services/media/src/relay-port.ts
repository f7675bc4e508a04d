import type { Clock } from "@sipmesh/environment";
import type { Address } from "@sipmesh/sip";
import type { UdpSocket } from "@sipmesh/transport";
import type { Counters } from "./counters.ts";
import type { Latch } from "./latch.ts";
import type { Receiver } from "./receiver.ts";

/** One direction's start and the other's end: a peer on one of our ports, and who its packets go to. */
export interface Lane {
  readonly kind: "rtp" | "rtcp";
  readonly latch: Latch;
  readonly receiver: Receiver;
  port: RelayPort;
  /** RTCP comes on this port too (RFC 5761). */
  mux: boolean;
  /** The lane of the peer that packets are passed on to. */
  other: Lane;
}

const FIRST_RTCP = 192;
const LAST_RTCP = 223;

/** A socket that peers send to. Two early dialogs of one branch share it: the same offer went to both. */
export class RelayPort {
  /** Set when the socket is bound. */
  socket: UdpSocket | undefined;
  readonly lanes: Lane[] = [];
  readonly #counters: Counters;
  readonly #clock: Clock;

  constructor(counters: Counters, clock: Clock) {
    this.#counters = counters;
    this.#clock = clock;
  }

  readonly receive = (bytes: Uint8Array, from: Address): void => {
    const { lanes } = this;
    const only = lanes[0];
    if (only === undefined) {
      this.#counters.unwired.add();
      return;
    }
    const lane =
      lanes.length === 1 ? (only.latch.admits(from.address, from.port) ? only : undefined) : this.#laneOf(from);
    if (lane === undefined) {
      this.#counters.source.add();
      return;
    }
    const second = bytes[1] ?? 0;
    const control = lane.kind === "rtcp" || (lane.mux && second >= FIRST_RTCP && second <= LAST_RTCP);
    if (control) lane.receiver.lastPacket = this.#clock.now();
    else lane.receiver.receive(bytes, this.#clock.now());
    const { latch, port } = lane.other;
    if (latch.address === "" || port.socket === undefined) {
      this.#counters.nowhere.add();
      return;
    }
    port.socket.send(bytes, latch.port, latch.address);
    if (control) {
      this.#counters.rtcpPackets.add();
      this.#counters.rtcpBytes.add(bytes.length);
    } else {
      this.#counters.rtpPackets.add();
      this.#counters.rtpBytes.add(bytes.length);
    }
  };

  /** Whose packet it is: of the peer that is known to be there, else of the first that may be. */
  #laneOf(from: Address): Lane | undefined {
    const known = this.lanes.find((lane) => lane.latch.knows(from.address, from.port));
    if (known?.latch.admits(from.address, from.port)) return known;
    return this.lanes.find((lane) => !lane.latch.locked && lane.latch.admits(from.address, from.port));
  }

  readonly failed = (): void => {
    this.#counters.send.add();
  };

  remove(lane: Lane): void {
    const at = this.lanes.indexOf(lane);
    if (at >= 0) this.lanes.splice(at, 1);
  }
}
