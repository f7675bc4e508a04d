import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { cut, valueIn, type Wire } from "./wire.ts";

/** Where the platform under test listens. */
export interface Target {
  readonly address: string;
  readonly sipPort: number;
}

/** What came back for some bytes. */
export interface Heard {
  /** The final response; undefined where none came in time. */
  readonly final: Wire | undefined;
  readonly status: number;
  /** Whether the peer closed the connection. */
  readonly closed: boolean;
}

const statusOf = (wire: Wire): number => Number(/^SIP\/2\.0 (\d{3}) /.exec(wire.startLine)?.[1] ?? 0);

const silence: Heard = { final: undefined, status: 0, closed: false };

/** Sends bytes as they are from an address and port of choice, and keeps the final responses. */
export class RawClient {
  readonly #address: string;
  readonly #socket: UdpSocket;
  readonly #responses: Wire[] = [];

  private constructor(address: string, socket: UdpSocket) {
    this.#address = address;
    this.#socket = socket;
    socket.on("message", (bytes) => this.#responses.push(cut(bytes.toString("latin1"))));
  }

  static async open(address: string, port: number): Promise<RawClient> {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject).bind(port, address, resolve);
    });
    return new RawClient(address, socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): void {
    this.#socket.close();
  }

  /** One datagram; a final response of this Call-ID within the time is its answer. */
  async datagram(target: Target, bytes: Uint8Array, milliseconds: number, callId: string | undefined): Promise<Heard> {
    this.#responses.length = 0;
    this.#socket.send(bytes, target.sipPort, target.address);
    const end = Date.now() + milliseconds;
    while (Date.now() < end) {
      const final = this.#responses.find((wire) => statusOf(wire) >= 200 && valueIn(wire, "call-id") === callId);
      if (final !== undefined) return { final, status: statusOf(final), closed: false };
      await pause(2);
    }
    return silence;
  }

  /** The bytes over a connection of their own. */
  async stream(target: Target, bytes: Uint8Array, milliseconds: number): Promise<Heard> {
    const socket = connect({ port: target.sipPort, host: target.address, localAddress: this.#address });
    let text = "";
    let closed = false;
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("close", () => {
      closed = true;
    });
    socket.write(bytes);
    const end = Date.now() + milliseconds;
    let heard = silence;
    while (Date.now() < end && heard.final === undefined && !closed) {
      await pause(2);
      heard = finalIn(text);
    }
    // A refused stream is closed right after its answer.
    await pause(20);
    socket.destroy();
    return { ...finalIn(text), closed };
  }
}

/** The first complete final response in what came over a connection. */
function finalIn(received: string): Heard {
  let text = received;
  for (;;) {
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return silence;
    const whole = end + 4 + Number(valueIn(cut(text), "content-length") ?? 0);
    if (text.length < whole) return silence;
    const wire = cut(text.slice(0, whole));
    if (statusOf(wire) >= 200) return { final: wire, status: statusOf(wire), closed: false };
    text = text.slice(whole);
  }
}
