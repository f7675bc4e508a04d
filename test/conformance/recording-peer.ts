import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import { cut, named, valueIn, type Wire } from "./wire.ts";

/** What the peer answers a request with, beyond what every response copies. */
export interface Answer {
  readonly lines?: readonly string[];
  readonly body?: string;
}

/** A server of text and sockets: keeps every request as it came, over UDP and TCP, and answers all but ACK with 200. */
export class RecordingPeer {
  readonly address: string;
  readonly port: number;
  readonly #requests: Wire[] = [];
  /** The responses that were sent, by Call-ID. */
  readonly sent = new Map<string, Wire>();
  /** Said of the next requests' answers. */
  answer: Answer = {};
  readonly #udp: UdpSocket;
  readonly #tcp: Server;
  readonly #connections = new Set<Socket>();
  readonly #watching = new Set<() => void>();

  private constructor(udp: UdpSocket, tcp: Server, address: string, port: number) {
    this.#udp = udp;
    this.#tcp = tcp;
    this.address = address;
    this.port = port;
    udp.on("message", (bytes, from) => {
      this.#take(bytes.toString("latin1"), (text) => udp.send(Buffer.from(text, "latin1"), from.port, from.address));
    });
    tcp.on("connection", (socket) => this.#accept(socket));
  }

  static async open(address: string, port: number): Promise<RecordingPeer> {
    const udp = createSocket("udp4");
    await new Promise<void>((resolve, reject) => {
      udp.once("error", reject).bind(port, address, resolve);
    });
    const tcp = createServer();
    await new Promise<void>((resolve, reject) => {
      tcp.once("error", reject).listen(port, address, resolve);
    });
    return new RecordingPeer(udp, tcp, address, port);
  }

  /** Requests that have come so far. */
  get count(): number {
    return this.#requests.length;
  }

  /** The first request of a Call-ID beyond the first `after` of all, waited for; undefined where none came in time. */
  async request(callId: string, milliseconds: number, after = 0): Promise<Wire | undefined> {
    const end = Date.now() + milliseconds;
    for (;;) {
      const found = this.#requests.slice(after).find((request) => valueIn(request, "call-id") === callId);
      if (found !== undefined || Date.now() > end) return found;
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(limit);
          this.#watching.delete(done);
          resolve();
        };
        const limit = setTimeout(done, Math.max(1, end - Date.now()));
        this.#watching.add(done);
      });
    }
  }

  close(): void {
    this.#udp.close();
    this.#tcp.close();
    for (const socket of this.#connections) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.#connections.add(socket);
    let text = "";
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#connections.delete(socket));
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      for (;;) {
        text = text.replace(/^(\r\n)+/, "");
        const end = text.indexOf("\r\n\r\n");
        if (end < 0) return;
        const whole = end + 4 + Number(valueIn(cut(text), "content-length") ?? 0);
        if (text.length < whole) return;
        this.#take(text.slice(0, whole), (answer) => socket.write(Buffer.from(answer, "latin1")));
        text = text.slice(whole);
      }
    });
  }

  #take(message: string, reply: (text: string) => void): void {
    if (message.trim() === "" || message.startsWith("SIP/2.0 ")) return;
    const request = cut(message);
    this.#requests.push(request);
    if (!request.startLine.startsWith("ACK ")) {
      const text = this.#responseTo(request);
      this.sent.set(valueIn(request, "call-id") ?? "", cut(text));
      reply(text);
    }
    for (const wake of this.#watching) wake();
  }

  #responseTo(request: Wire): string {
    const { lines = [], body = "" } = this.answer;
    const copied = ["via", "record-route", "from", "to", "call-id", "cseq"].flatMap((name) =>
      named(request, name).map((line) => (name === "to" && !/;\s*tag\s*=/i.test(line) ? `${line};tag=peer` : line)),
    );
    const contact = `Contact: <sip:${this.address}:${this.port}>`;
    const head = ["SIP/2.0 200 OK", ...copied, contact, ...lines, `Content-Length: ${body.length}`];
    return `${head.join("\r\n")}\r\n\r\n${body}`;
  }
}
