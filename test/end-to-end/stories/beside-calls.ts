import assert from "node:assert/strict";
import { before, it } from "node:test";
import { type Phone, random, sdp } from "../wire/phone.ts";
import { Wire } from "../wire/wire.ts";
import type { PhoneShop } from "./site.ts";

const OPEN = { domain: "open.test" };

/** Requests outside calls, phones that spell differently, and places that are reached in other ways. */
export function besideCalls(phones: PhoneShop): void {
  let caller: Phone;
  let callee: Phone;

  before(async () => {
    caller = await phones.open("xena", OPEN);
    callee = await phones.open("xaver", OPEN);
    assert.equal((await callee.register()).status, 200);
  });

  for (const method of ["MESSAGE", "OPTIONS", "PUBLISH", "X-UNHEARD-OF"]) {
    it(`carries ${method} outside a call, as it is`, async () => {
      const callId = random();
      const fields = [
        ["Call-ID", callId],
        ["X-Odd", "a ,b;  c"],
        ["X-Odd", "again"],
      ] as const;
      caller.send(caller.request(method, "sip:xaver@open.test", { fields, body: "hello\xff\x00", type: "text/x-own" }));
      const there = await callee.next(method, callId);
      assert.deepEqual(there.all("X-Odd"), ["a ,b;  c", "again"]);
      assert.equal(there.body, "hello\xff\x00");
      callee.reply(there, 200, { body: "back\x01", type: "text/x-own" });
      assert.equal((await caller.next(`200 ${method}`, callId)).body, "back\x01");
    });
  }

  it("forks a MESSAGE to all phones, and tells the caller once", async () => {
    const both = await phones.open("yann", OPEN);
    const other = await phones.open("yara", OPEN);
    await both.register([`<${both.contact}>`, `<${other.contact}>`]);
    const callId = random();
    caller.send(
      caller.request("MESSAGE", "sip:yann@open.test", {
        fields: [["Call-ID", callId]],
        body: "hi",
        type: "text/plain",
      }),
    );
    other.reply(await other.next("MESSAGE", callId), 200);
    await caller.next("200 MESSAGE", callId);
    both.reply(await both.next("MESSAGE", callId), 200);
    await caller.hearsNo("200 MESSAGE", 200);
  });

  it("stays in the way of a subscription: NOTIFY comes by us", async () => {
    const callId = random();
    caller.send(
      caller.request("SUBSCRIBE", "sip:xaver@open.test", {
        fields: [
          ["Call-ID", callId],
          ["Event", "dialog"],
          ["Expires", "60"],
        ],
      }),
    );
    const subscribe = await callee.next("SUBSCRIBE", callId);
    assert.equal(subscribe.list("Record-Route").length, 1);
    callee.reply(subscribe, 200, { fields: [["Expires", "60"]] });
    await caller.next("200 SUBSCRIBE", callId);
    const notifier = callee.dialogOf(subscribe);
    notifier.send("NOTIFY", {
      fields: [
        ["Event", "dialog"],
        ["Subscription-State", "active"],
      ],
    });
    caller.reply(await caller.next("NOTIFY", callId), 200);
    await callee.next("200 NOTIFY", callId);
  });

  it("carries an UPDATE of the callee before the call is answered", async () => {
    const call = await caller.invite("xaver");
    const invite = await callee.next("INVITE", call.callId);
    callee.reply(invite, 183, { body: sdp(7_000) });
    const early = await call.next("183");
    const back = callee.dialogOf(invite);
    back.send("UPDATE", { body: sdp(7_000, "sendonly", 2) });
    const update = await caller.next("UPDATE", call.callId);
    assert.equal(update.audioPort, early.audioPort);
    caller.reply(update, 200, { body: sdp(6_000, "recvonly", 2) });
    const reply = await callee.next("200 UPDATE", call.callId);
    assert.equal(reply.audioPort, invite.audioPort);
    call.cancel();
    callee.reply(await callee.next("CANCEL", call.callId), 200);
    callee.reply(invite, 487);
    assert.equal((await call.fails()).status, 487);
  });

  it("understands compact, folded and oddly spaced header fields", async () => {
    const callId = random();
    const body = sdp(6_000);
    const text = [
      "INVITE sip:xaver@open.test SIP/2.0",
      `v:SIP / 2.0 / UDP ${caller.place};branch=z9hG4bK${callId};rport`,
      "max-forwards :  70",
      `f : "Xena; the \\"first\\"" <${caller.identity}> ;tag=${callId}`,
      "t: <sip:xaver@open.test>",
      `i:${callId}`,
      "cseq: 1",
      "  INVITE",
      `m: <${caller.contact}>`,
      "c: application/sdp",
      `l: ${body.length}`,
      "",
      body,
    ].join("\r\n");
    caller.send(text);
    const invite = await callee.next("INVITE", callId);
    assert.match(invite.first("From"), /^"Xena; the \\"first\\"" </);
    assert.ok(invite.audioPort !== 6_000);
    callee.reply(invite, 486);
    await callee.next("ACK", callId);
    const response = await caller.wire.next((one) => one.callId === callId && one.status === 486, "486");
    assert.match(response.first("From"), /^"Xena; the \\"first\\"" </);
  });

  it("calls a phone that listens for TCP, registered over UDP, and uses the connection again", async () => {
    const wire = await Wire.tcpListener();
    const listener = await phones.open("zack", OPEN);
    const { address, port } = wire.local;
    await listener.register([`<sip:zack@${address}:${port};transport=tcp>`]);
    const zack = phones.over(wire, "zack", OPEN);
    for (let n = 0; n < 2; n += 1) {
      const call = await caller.invite("zack");
      const invite = await zack.next("INVITE", call.callId);
      assert.match(invite.first("Via"), /^SIP\/2\.0\/TCP/);
      zack.reply(invite, 200, { body: sdp(7_000) });
      const dialog = await call.answered();
      await zack.next("ACK", call.callId);
      if (n === 0) await dialog.hangUp(zack);
      else await zack.dialogOf(invite).hangUp(caller);
    }
    assert.equal(wire.connections, 1);
  });

  it("rings the phone that is there, though another's connection is gone", async () => {
    const gone = await phones.open("zita", { ...OPEN, transport: "TCP" });
    const there = await phones.open("zita", OPEN);
    await gone.register();
    await there.register();
    gone.close();
    const call = await caller.invite("zita");
    const invite = await there.next("INVITE", call.callId);
    there.reply(invite, 200, { body: sdp(7_000) });
    const dialog = await call.answered();
    await there.next("ACK", call.callId);
    await dialog.hangUp(there);
  });

  it("takes a subscriber's call to another site, which hangs up", async () => {
    const alice = await phones.open("alice");
    const peer = await phones.open("peer", { domain: "elsewhere.test", proves: false });
    const call = await alice.invite(`sip:peer@${peer.place}`);
    const invite = await peer.next("INVITE", call.callId);
    peer.reply(invite, 200, { body: sdp(7_000) });
    await call.answered();
    await peer.next("ACK", call.callId);
    await peer.dialogOf(invite).hangUp(alice);
  });

  it("takes requests within a call by any of its edges", async () => {
    const call = await caller.invite("xaver");
    const invite = await callee.next("INVITE", call.callId);
    callee.reply(invite, 200, { body: sdp(7_000) });
    const dialog = await call.answered();
    await callee.next("ACK", call.callId);
    const [first = caller.server, second = first] = phones.edges();
    caller.talksTo(caller.server.port === first.port ? second : first);
    await dialog.hangUp(callee);
    caller.talksTo(caller.server);
  });
}
