import type { Address } from "@sipmesh/sip";
import { type Network, systemNetwork, type UdpSocket } from "@sipmesh/transport";

/** Of the documentation's addresses (RFC 5737): what is tried out here must never be meant for anybody. */
export const ADDRESS = "192.0.2.1";

/** A datagram to a phone. */
export interface Delivery {
  readonly text: string;
  readonly port: number;
}

/** A network of one address that is nowhere but in memory, with one bound socket and the phones around it. */
export class Loopback {
  readonly network: Network;
  #receive: ((bytes: Uint8Array, from: Address) => void) | undefined;
  #port = 0;
  #sent: Delivery[] = [];

  constructor() {
    this.network = {
      ...systemNetwork(),
      udp: async ({ port, receive }): Promise<UdpSocket> => {
        this.#receive = receive;
        this.#port = port;
        return {
          local: { address: ADDRESS, port },
          send: (bytes, to, _address, sent) => {
            this.#take(Buffer.from(bytes).toString("latin1"), to);
            if (sent !== undefined) queueMicrotask(() => sent(null));
          },
          close: async () => {},
        };
      },
      localAddressToward: () => ADDRESS,
      ownAddresses: () => [ADDRESS],
    };
  }

  /** A phone's datagram, from that port. */
  send(text: string, port: number): void {
    this.#receive?.(Buffer.from(text, "latin1"), { address: ADDRESS, port });
  }

  /** What phones were sent since the last call. */
  take(): readonly Delivery[] {
    return this.#sent.splice(0);
  }

  #take(text: string, port: number): void {
    // The edge's own check of itself.
    if (port === this.#port) setImmediate(() => this.send(text, port));
    else this.#sent.push({ text, port });
  }
}
