import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { encodeRtp } from "@sipmesh/rtp";

export const loopback = "127.0.0.1";

/** A phone's ear and mouth: one port for RTP, the next for RTCP. */
export class Phone {
  readonly rtp: Socket;
  readonly rtcp: Socket;
  readonly heard: string[] = [];
  readonly heardRtcp: number[] = [];
  readonly #from: number[] = [];

  private constructor(rtp: Socket, rtcp: Socket) {
    this.rtp = rtp;
    this.rtcp = rtcp;
    rtp.on("message", (bytes, from) => {
      this.heard.push(bytes.subarray(12).toString());
      this.#from.push(from.port);
    });
    rtcp.on("message", (_, from) => this.heardRtcp.push(from.port));
  }

  static async open(): Promise<Phone> {
    const sockets = [createSocket("udp4"), createSocket("udp4")] as const;
    for (const socket of sockets) {
      socket.bind(0, loopback);
      await once(socket, "listening");
    }
    return new Phone(...sockets);
  }

  get port(): number {
    return this.rtp.address().port;
  }

  sdp(attributes: readonly string[] = [], address = loopback): string {
    return [
      "v=0",
      `o=phone 1 1 IN IP4 ${address}`,
      "s=-",
      `c=IN IP4 ${address}`,
      "t=0 0",
      `m=audio ${this.port} RTP/AVP 0`,
      `a=rtcp:${this.rtcp.address().port}`,
      ...attributes,
      "",
    ].join("\r\n");
  }

  say(text: string, to: number, sequenceNumber = 1): void {
    const payload = Buffer.from(text);
    const timestamp = sequenceNumber * 160;
    this.rtp.send(
      encodeRtp({ payloadType: 0, marker: false, sequenceNumber, timestamp, ssrc: this.port, payload }),
      to,
      loopback,
    );
  }

  async until(count: number): Promise<void> {
    for (let tries = 0; this.heard.length < count && tries < 200; tries++) await wait(5);
    assert.ok(this.heard.length >= count, `heard ${this.heard.length} of ${count}`);
  }

  close(): void {
    this.rtp.close();
    this.rtcp.close();
  }
}
