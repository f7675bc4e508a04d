import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { after, before, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { RawPhone } from "@sipmesh/drivers";
import { inEveryShape } from "./shapes.ts";

/** Of a host that nobody here is registered from: whatever arrives there was relayed. */
const VICTIM = "127.0.0.9";
const FROM_TAG = "mallory";

/** A socket that writes down what it hears. */
class Ear {
  readonly socket: Socket = createSocket("udp4");
  readonly heard: string[] = [];

  static async open(address: string): Promise<Ear> {
    const ear = new Ear();
    ear.socket.on("message", (bytes) => ear.heard.push(bytes.toString("latin1")));
    ear.socket.bind(0, address);
    await once(ear.socket, "listening");
    return ear;
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** The first final response of this Call-ID and CSeq. */
  async answer(callId: string, cseq: string): Promise<string> {
    for (let tries = 0; tries < 400; tries += 1) {
      const found = this.heard.find(
        (text) => /^SIP\/2\.0 [2-6]/.test(text) && text.includes(callId) && text.includes(`CSeq: ${cseq}\r\n`),
      );
      if (found !== undefined) return found;
      await pause(10);
    }
    throw new Error(`no answer to ${cseq}`);
  }
}

inEveryShape("a stranger on the network", { needs: [], platform: { authenticate: false } }, (platform) => {
  let callee: RawPhone;
  let stranger: Ear;
  let victim: Ear;

  before(async () => {
    callee = await RawPhone.open(platform(), "bob");
    assert.equal(await callee.register(), 200);
    stranger = await Ear.open("127.0.0.1");
    victim = await Ear.open(VICTIM);
  });
  after(() => {
    callee?.close();
    stranger?.socket.close();
    victim?.socket.close();
  });

  interface Parts {
    readonly callId: string;
    readonly cseq: number;
    readonly from?: string;
    readonly to?: string;
    readonly route?: string;
  }

  function send(method: string, uri: string, { callId, cseq, from, to, route }: Parts): void {
    const fields = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1:${stranger.port};branch=z9hG4bK${randomBytes(6).toString("hex")};rport`,
      "Max-Forwards: 70",
      `From: <sip:mallory@foreign.test>;tag=${from ?? FROM_TAG}`,
      `To: <sip:bob@sipmesh.test>${to === undefined ? "" : `;tag=${to}`}`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} ${method}`,
      `Contact: <sip:+19005550100@${VICTIM}:${victim.port}>`,
      ...(route === undefined ? [] : [`Route: ${route}`]),
      "Content-Length: 0",
    ];
    stranger.socket.send(`${fields.join("\r\n")}\r\n\r\n`, platform().sipPort, platform().address);
  }

  it("may call whom he may call, and reaches nobody else by that call's own Route", async () => {
    const callId = randomBytes(8).toString("hex");
    send("INVITE", "sip:bob@sipmesh.test", { callId, cseq: 1 });
    const accepted = await stranger.answer(callId, "1 INVITE");
    assert.match(accepted, /^SIP\/2\.0 200 /);
    const route = /^Record-Route: (.*)$/m.exec(accepted)?.[1] ?? assert.fail("no Record-Route");
    const token = /<([^>]*)>/.exec(route)?.[1] ?? assert.fail();
    const number = `sip:+19005550100@${VICTIM}:${victim.port}`;
    const asCaller = { callId, to: "bob", route };
    const asCallee = { callId, from: "any", to: FROM_TAG, route };
    send("INVITE", number, { ...asCaller, cseq: 2 });
    send("INVITE", number, { ...asCallee, cseq: 3 });
    send("MESSAGE", `sip:bob@127.0.0.1:${callee.port};maddr=${VICTIM}`, { ...asCaller, cseq: 4 });
    send("MESSAGE", "sip:bob@sipmesh.test", { ...asCallee, cseq: 5, route: `${route}, <${number};lr>` });
    send("MESSAGE", token, { ...asCaller, cseq: 6, route: `<${number}>` });
    send("ACK", number, { ...asCaller, cseq: 7 });
    for (const cseq of ["2 INVITE", "4 MESSAGE", "6 MESSAGE"])
      assert.match(await stranger.answer(callId, cseq), /^SIP\/2\.0 4/, cseq);
    // In his callee's name he reaches himself.
    await pause(300);
    assert.deepEqual(victim.heard, []);

    const target = /^Contact: <(.*)>/m.exec(accepted)?.[1] ?? assert.fail("no Contact");
    send("BYE", target, { ...asCaller, cseq: 8 });
    assert.match(await stranger.answer(callId, "8 BYE"), /^SIP\/2\.0 200 /, "the call itself goes on as ever");
  });

  it("gets one answer for one INVITE where he is turned away: the source may be somebody else's", async () => {
    const callId = randomBytes(8).toString("hex");
    send("INVITE", "sip:+19005550100@elsewhere.test", { callId, cseq: 1 });
    assert.match(await stranger.answer(callId, "1 INVITE"), /^SIP\/2\.0 403 /);
    await pause(1_200);
    assert.equal(stranger.heard.filter((text) => text.includes(callId)).length, 1);
    assert.deepEqual(victim.heard, []);
  });
});
