import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { after, before, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { RawPhone } from "@sipmesh/drivers";
import { inEveryShape } from "./shapes.ts";

inEveryShape("input of ill will", { needs: [], platform: { authenticate: false } }, (platform) => {
  let phone: RawPhone;
  before(async () => {
    phone = await RawPhone.open(platform(), "mallory");
  });
  after(() => phone?.close());

  const stillAnswers = async () => assert.equal(await phone.options(5_000), 200, "the platform still answers OPTIONS");

  it("drops random bytes", async () => {
    for (let n = 0; n < 300; n += 1) phone.sendRaw(randomBytes(1 + ((n * 7) % 1_400)));
    await stillAnswers();
  });

  it("survives every truncation of a request", async () => {
    const whole = request("OPTIONS", [`X-Long: ${"x".repeat(200)}`]);
    for (let length = 1; length < whole.length; length += 3) phone.sendRaw(whole.subarray(0, length));
    await stillAnswers();
  });

  it("answers a 64 KiB header field over TCP with a 400-class status or closes", async () => {
    const heard = await overTcp(request("OPTIONS", [`X-Long: ${"x".repeat(65_536)}`]), 4_000);
    assert.match(heard.text, /^(SIP\/2\.0 (4\d\d|513) |$)/);
    assert.ok(heard.text !== "" || heard.closed, "answered or closed");
    await stillAnswers();
  });

  it("answers 10,000 header fields with a 400-class status or closes", async () => {
    const many = Array.from({ length: 10_000 }, (_, n) => `X-${n}: ${n}`);
    const heard = await overTcp(request("OPTIONS", many), 4_000);
    assert.match(heard.text, /^(SIP\/2\.0 (4\d\d|513) |$)/);
    assert.ok(heard.text !== "" || heard.closed, "answered or closed");
    await stillAnswers();
  });

  for (const length of ["-1", "99999999999999999999", "1e3", "0x10", "12, 13", "3000000000"]) {
    it(`refuses Content-Length: ${length} over TCP and closes, as framing is lost`, async () => {
      const lie = Buffer.from(
        request("OPTIONS", [])
          .toString("latin1")
          .replace(/Content-Length: 0/, `Content-Length: ${length}`),
        "latin1",
      );
      const heard = await overTcp(lie, 4_000);
      assert.match(heard.text, /^(SIP\/2\.0 (4\d\d|513) |$)/);
      assert.ok(heard.closed, "closed");
      await stillAnswers();
    });
  }

  it("does not let half a message and silence hold others up", async () => {
    const half: Socket[] = [];
    for (let n = 0; n < 50; n += 1) {
      const socket = connect(platform().sipPort, platform().address);
      socket.on("error", () => undefined);
      socket.write(request("INVITE", []).subarray(0, 40));
      half.push(socket);
    }
    await stillAnswers();
    for (const socket of half) socket.destroy();
  });

  it("frames messages that arrive byte by byte, and two in one segment", async () => {
    const two = Buffer.concat([request("OPTIONS", []), request("OPTIONS", [])]);
    const together = await overTcp(two, 2_000);
    assert.equal(together.text.match(/SIP\/2\.0 200 /g)?.length, 2);
    const apart = await overTcp(request("OPTIONS", []), 4_000, true);
    assert.equal(apart.text.match(/SIP\/2\.0 200 /g)?.length, 1);
  });

  it("does not grow under a flood of bad messages", async () => {
    const flood = async () => {
      for (let round = 0; round < 20; round += 1) {
        for (let n = 0; n < 200; n += 1)
          phone.sendRaw(
            n % 2 === 0 ? randomBytes(600) : request("INVITE", [`X-${n}: ${"y".repeat(500)}`]).subarray(0, 500),
          );
        await pause(10);
      }
      await stillAnswers();
    };
    await flood();
    const before = await platform().residentMemory();
    for (let round = 0; round < 5; round += 1) await flood();
    const grown = (await platform().residentMemory()) - before;
    assert.ok(grown < 128 * 1_048_576, `grew by ${Math.round(grown / 1_048_576)} MiB`);
  });

  function request(method: string, more: readonly string[]): Buffer {
    const { address } = platform();
    const mark = randomBytes(6).toString("hex");
    const fields = [
      `${method} sip:${address} SIP/2.0`,
      `Via: SIP/2.0/TCP 127.0.0.1:${phone.port};branch=z9hG4bK${mark};rport`,
      "Max-Forwards: 70",
      `From: <sip:mallory@${address}>;tag=${mark}`,
      `To: <sip:${address}>`,
      `Call-ID: ${mark}`,
      `CSeq: 1 ${method}`,
      ...more,
      "Content-Length: 0",
    ];
    return Buffer.from(`${fields.join("\r\n")}\r\n\r\n`, "latin1");
  }

  async function overTcp(
    bytes: Buffer,
    milliseconds: number,
    slowly = false,
  ): Promise<{ text: string; closed: boolean }> {
    const socket = connect(platform().sipPort, platform().address);
    let text = "";
    let closed = false;
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      closed = true;
    });
    socket.setNoDelay(true);
    if (slowly) {
      for (const byte of bytes) {
        socket.write(Buffer.from([byte]));
        await pause(1);
      }
    } else socket.write(bytes);
    const end = Date.now() + milliseconds;

    while (Date.now() < end && !closed) {
      await pause(20);
      if (slowly && /SIP\/2\.0 /.test(text)) break;
    }
    socket.destroy();
    return { text, closed };
  }
});
