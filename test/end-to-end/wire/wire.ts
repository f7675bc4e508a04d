import { createSocket } from "node:dgram";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { SipText } from "./sip-text.ts";

export interface Place {
  readonly address: string;
  readonly port: number;
}

/** A socket that carries text, and everything that came over it. */
export class Wire {
  readonly transport: "UDP" | "TCP";
  readonly local: Place;
  /** Every message that came, those that came again included. */
  readonly heard: SipText[] = [];
  /** That were made to it, where it listens. */
  connections = 0;
  readonly #write: (text: string, to: Place | undefined) => void;
  readonly #end: () => void;
  readonly #seen = new Set<string>();
  #unread: SipText[] = [];

  constructor(
    transport: "UDP" | "TCP",
    local: Place,
    write: (text: string, to: Place | undefined) => void,
    end: () => void,
  ) {
    this.transport = transport;
    this.local = local;
    this.#write = write;
    this.#end = end;
  }

  /** A UDP socket that sends to `server` unless told another place. */
  static udp(server: Place, address = "127.0.0.1", port = 0): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
      socket.once("error", reject);
      socket.bind(port, address, () => {
        const wire = new Wire(
          "UDP",
          { address, port: socket.address().port },
          (text, to = server) => socket.send(Buffer.from(text, "latin1"), to.port, to.address),
          () => socket.close(),
        );
        socket.on("message", (bytes) => wire.take(bytes.toString("latin1")));
        resolve(wire);
      });
    });
  }

  /** A connection to `server`. */
  static tcp(server: Place): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = connect(server.port, server.address);
      socket.once("error", reject);
      socket.once("connect", () => {
        const wire = new Wire(
          "TCP",
          { address: socket.localAddress ?? "", port: socket.localPort ?? 0 },
          (text) => socket.write(Buffer.from(text, "latin1")),
          () => socket.destroy(),
        );
        socket.on(
          "data",
          framed((text) => wire.take(text)),
        );
        socket.on("error", () => socket.destroy());
        resolve(wire);
      });
    });
  }

  /** Waits for connections, and speaks over the last one. */
  static tcpListener(): Promise<Wire> {
    return new Promise((resolve, reject) => {
      let last: Socket | undefined;
      const server = createServer((socket) => {
        last = socket;
        wire.connections += 1;
        socket.on(
          "data",
          framed((text) => wire.take(text)),
        );
        socket.on("error", () => socket.destroy());
      });
      let wire: Wire;
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo;
        wire = new Wire(
          "TCP",
          { address: "127.0.0.1", port },
          (text) => last?.write(Buffer.from(text, "latin1")),
          () => {
            last?.destroy();
            server.close();
          },
        );
        resolve(wire);
      });
    });
  }

  take(text: string): void {
    // Keep-alives are no messages.
    if (text.trim() === "") return;
    const message = new SipText(text);
    this.heard.push(message);
    if (this.#seen.has(text)) return;
    this.#seen.add(text);
    this.#unread.push(message);
  }

  send(text: string, to?: Place): void {
    this.#write(text, to);
  }

  /** The next message that fits and was not asked for yet; what came again counts once. */
  async next(fits: (message: SipText) => boolean, what: string, milliseconds = 4_000): Promise<SipText> {
    const end = Date.now() + milliseconds;
    for (;;) {
      const at = this.#unread.findIndex(fits);
      const [found] = at < 0 ? [] : this.#unread.splice(at, 1);
      if (found !== undefined) return found;
      if (Date.now() > end)
        throw new Error(
          `no ${what} within ${milliseconds} ms; heard:\n${this.heard.map((one) => one.text).join("\n")}`,
        );
      await pause(5);
    }
  }

  /** How often a message that fits came, retransmissions included. */
  count(fits: (message: SipText) => boolean): number {
    return this.heard.filter(fits).length;
  }

  close(): void {
    this.#end();
  }
}

/** Cuts a stream into messages by their Content-Length. */
function framed(take: (text: string) => void): (bytes: Buffer) => void {
  let received = "";
  return (bytes) => {
    received += bytes.toString("latin1");
    for (;;) {
      received = received.replace(/^(\r\n)+/, "");
      const end = received.indexOf("\r\n\r\n");
      const length = Number(received.slice(0, end).match(/^(?:Content-Length|l)\s*:\s*(\d+)/im)?.[1] ?? 0);
      if (end < 0 || received.length < end + 4 + length) return;
      take(received.slice(0, end + 4 + length));
      received = received.slice(end + 4 + length);
    }
  };
}
