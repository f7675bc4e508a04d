import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";

const SDP = (port: number) =>
  [
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "c=IN IP4 127.0.0.1",
    "t=0 0",
    `m=audio ${port} RTP/AVP 0`,
    "a=rtpmap:0 PCMU/8000",
    "",
  ].join("\r\n");

/** Where the platform under test listens. */
export interface Server {
  readonly address: string;
  readonly sipPort: number;
}

/** A call that was answered. */
export interface RawCall {
  readonly status: number;
  /** The SDP that came with the answer. */
  readonly sdp: string;
  hangUp(): Promise<void>;
}

/**
 * A phone made of text and one UDP socket, on purpose without our own SIP stack: it answers every call, and says what it
 * was answered. It retransmits as RFC 3261 asks for, and knows no authentication.
 */
export class RawPhone {
  readonly #socket: Socket;
  readonly #platform: Server;
  readonly #user: string;
  readonly #waiting = new Map<string, (response: string) => void>();
  #cseq = 1;
  readonly #registration = randomBytes(8).toString("hex");
  /** Every request that came in, in order. */
  readonly requests: string[] = [];
  /** The RTP port that its SDP names. */
  rtpPort = 7_000;

  private constructor(socket: Socket, platform: Server, user: string) {
    this.#socket = socket;
    this.#platform = platform;
    this.#user = user;
    socket.on("message", (message) => this.#receive(message.toString("latin1")));
  }

  static open(platform: Server, user: string): Promise<RawPhone> {
    return new Promise((resolve, reject) => {
      const socket = createSocket("udp4");
      socket.once("error", reject);
      socket.bind(0, "127.0.0.1", () => resolve(new RawPhone(socket, platform, user)));
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  close(): void {
    this.#socket.close();
  }

  /** Registers this phone and gives the status. */
  async register(expires = 3_600): Promise<number> {
    const response = await this.#request("REGISTER", [
      `Contact: <sip:${this.#user}@127.0.0.1:${this.port}>`,
      `Expires: ${expires}`,
    ]);
    return statusOf(response);
  }

  /** How many bindings the registrar has for this phone's user. */
  async registered(): Promise<number> {
    const response = await this.#request("REGISTER", []);
    if (statusOf(response) !== 200) throw new Error(`REGISTER was answered ${statusOf(response)}`);
    return response.match(/^(Contact|m):.*$/gim)?.flatMap((line) => line.split(/,(?=\s*[<"])/)).length ?? 0;
  }

  /** Places a call, hangs up at once when it is answered, and gives the final status; 0 where none came in time. */
  async callOnce(user: string, milliseconds: number): Promise<number> {
    const call = await this.call(user, milliseconds);
    await call.hangUp();
    return call.status;
  }

  /** Places a call and acknowledges the final response. Status 0: none came in time. */
  async call(user: string, milliseconds: number): Promise<RawCall> {
    const { address } = this.#platform;
    const callId = randomBytes(8).toString("hex");
    const branch = `z9hG4bK${randomBytes(8).toString("hex")}`;
    const uri = `sip:${user}@${address}`;
    const from = `From: <sip:${this.#user}@${address}>;tag=${randomBytes(4).toString("hex")}`;
    const via = (of: string) => `Via: SIP/2.0/UDP 127.0.0.1:${this.port};branch=${of};rport`;
    const common = ["Max-Forwards: 70", `Call-ID: ${callId}`];
    const about = [`Contact: <sip:${this.#user}@127.0.0.1:${this.port}>`, "Content-Type: application/sdp"];
    const first = [via(branch), from, `To: <${uri}>`, ...common, "CSeq: 1 INVITE", ...about];
    const invite = text(`INVITE ${uri} SIP/2.0`, first, SDP(this.rtpPort));
    const response = await this.#exchange(invite, `${callId} 1 INVITE`, milliseconds).catch(() => "");
    const status = statusOf(response);
    const sdp = response.slice(response.indexOf("\r\n\r\n") + 4);
    const nothing = async () => undefined;
    if (response === "") return { status: 0, sdp: "", hangUp: nothing };
    const to = response.match(/^(?:To|t):.*$/im)?.[0] ?? "";
    if (status >= 300) {
      this.#send(text(`ACK ${uri} SIP/2.0`, [via(branch), from, to, ...common, "CSeq: 1 ACK"]));
      return { status, sdp, hangUp: nothing };
    }
    const target = response.match(/^(?:Contact|m):\s*<([^>]+)>/im)?.[1] ?? uri;
    const inside = [...routesOf(response), from, to, ...common];
    this.#send(text(`ACK ${target} SIP/2.0`, [via(`${branch}a`), ...inside, "CSeq: 1 ACK"]));
    const bye = text(`BYE ${target} SIP/2.0`, [via(`${branch}b`), ...inside, "CSeq: 2 BYE"]);
    return {
      status,
      sdp,
      hangUp: async () => {
        await this.#exchange(bye, `${callId} 2 BYE`, milliseconds).catch(() => "");
      },
    };
  }

  /** Sends any bytes as they are. */
  sendRaw(bytes: Uint8Array): void {
    this.#socket.send(bytes, this.#platform.sipPort, this.#platform.address);
  }

  /** Sends OPTIONS to the platform itself and gives the status; 0 where no answer came. */
  async options(milliseconds = 2_000): Promise<number> {
    return statusOf(await this.#request("OPTIONS", [], milliseconds).catch(() => ""));
  }

  async #request(method: string, more: readonly string[], milliseconds = 10_000): Promise<string> {
    const { address } = this.#platform;
    const cseq = this.#cseq++;
    const tag = randomBytes(4).toString("hex");
    const identity = `<sip:${this.#user}@${address}>`;
    const message = text(`${method} sip:${address} SIP/2.0`, [
      `Via: SIP/2.0/UDP 127.0.0.1:${this.port};branch=z9hG4bK${randomBytes(8).toString("hex")};rport`,
      "Max-Forwards: 70",
      `From: ${identity};tag=${tag}`,
      `To: ${method === "REGISTER" ? identity : `<sip:${address}>`}`,
      `Call-ID: ${this.#registration}`,
      `CSeq: ${cseq} ${method}`,
      ...more,
    ]);
    return await this.#exchange(message, `${this.#registration} ${cseq} ${method}`, milliseconds);
  }

  #exchange(message: string, key: string, milliseconds: number): Promise<string> {
    return new Promise((resolve, reject) => {
      let interval = 500;
      let again: NodeJS.Timeout;
      const repeat = () => {
        this.#send(message);
        again = setTimeout(repeat, interval);
        interval = Math.min(2 * interval, 4_000);
      };
      const end = () => {
        clearTimeout(again);
        clearTimeout(limit);
        this.#waiting.delete(key);
      };
      const limit = setTimeout(() => {
        end();
        reject(new Error(`no final response within ${milliseconds} ms to\n${message}`));
      }, milliseconds);
      this.#waiting.set(key, (response) => {
        clearTimeout(again);
        if (statusOf(response) < 200) return;
        end();
        resolve(response);
      });
      repeat();
    });
  }

  #receive(message: string): void {
    if (message.startsWith("SIP/2.0 ")) {
      const callId = message.match(/^(?:Call-ID|i):\s*(\S+)/im)?.[1];
      const cseq = message.match(/^CSeq:\s*(\d+)\s+(\S+)/im);
      this.#waiting.get(`${callId} ${cseq?.[1]} ${cseq?.[2]}`)?.(message);
      return;
    }
    const method = message.match(/^([^\s]+) /)?.[1];
    if (method === undefined) return;
    this.requests.push(message);
    if (method === "ACK") return;
    const copied = message
      .split("\r\n")
      .filter((line) => /^(Via|v|Record-Route|From|f|Call-ID|i|CSeq)\s*:/i.test(line));
    const to = message.match(/^(?:To|t):.*$/im)?.[0] ?? "";
    copied.push(/;tag=/i.test(to) ? to : `${to};tag=${this.#user}`);
    copied.push(`Contact: <sip:${this.#user}@127.0.0.1:${this.port}>`);
    const body = method === "INVITE" ? SDP(this.rtpPort) : "";
    if (body !== "") copied.push("Content-Type: application/sdp");
    this.#send(text("SIP/2.0 200 OK", copied, body));
  }

  #send(message: string): void {
    this.#socket.send(Buffer.from(message, "latin1"), this.#platform.sipPort, this.#platform.address);
  }
}

function text(start: string, fields: readonly string[], body = ""): string {
  return `${[start, ...fields, `Content-Length: ${body.length}`].join("\r\n")}\r\n\r\n${body}`;
}

/** The Route header fields of later requests: Record-Route in reverse (RFC 3261 section 12.1.2). */
function routesOf(response: string): string[] {
  const values = [...response.matchAll(/^Record-Route:\s*(.*)$/gim)].flatMap((line) =>
    (line[1] ?? "").split(/,(?=\s*<)/),
  );
  return values.reverse().map((value) => `Route: ${value.trim()}`);
}

function statusOf(response: string): number {
  return Number(response.match(/^SIP\/2\.0 (\d{3}) /)?.[1] ?? 0);
}
