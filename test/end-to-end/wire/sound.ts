import { createSocket, type Socket } from "node:dgram";
import { setTimeout as pause } from "node:timers/promises";

/** A phone's ear and mouth: a port for RTP. */
export class Sound {
  readonly #socket: Socket;
  readonly #heard: string[] = [];
  #sequence = 1;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (packet) => this.#heard.push(packet.toString("latin1", 12)));
  }

  static open(): Promise<Sound> {
    return new Promise((resolve, reject) => {
      const socket = createSocket("udp4");
      socket.once("error", reject);
      socket.bind(0, "127.0.0.1", () => resolve(new Sound(socket)));
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Says something to a port of the relay until the other has heard it. */
  async reaches(other: Sound, port: number, what: string): Promise<void> {
    const text = what.padEnd(160);
    for (let n = 0; n < 50; n += 1) {
      const packet = Buffer.alloc(12 + text.length);
      packet[0] = 0x80;
      packet.writeUInt16BE(this.#sequence++ & 0xffff, 2);
      packet.writeUInt32BE(160 * this.#sequence, 4);
      packet.writeUInt32BE(this.port, 8);
      packet.write(text, 12, "latin1");
      this.#socket.send(packet, port, "127.0.0.1");
      await pause(20);
      if (other.#heard.includes(text)) return;
    }
    throw new Error(`nobody heard ${what}`);
  }

  close(): void {
    this.#socket.close();
  }
}
