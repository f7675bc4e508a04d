import assert from "node:assert/strict";
import { before, it } from "node:test";
import { type Phone, random, sdp } from "../wire/phone.ts";
import { type PhoneShop, PORTS } from "./site.ts";

const OPEN = { domain: "open.test" };

/** The ways that messages take: hops, loops, routers of old, and messages that are lost. */
export function routes(phones: PhoneShop): void {
  let alice: Phone;
  let caller: Phone;
  let callee: Phone;

  before(async () => {
    alice = await phones.open("alice");
    caller = await phones.open("rita", OPEN);
    callee = await phones.open("ralf", OPEN);
    assert.equal((await callee.register()).status, 200);
  });

  it("lets nothing pass that may go no further", async () => {
    const call = await caller.invite("ralf", { fields: [["Max-Forwards", "0"]] });
    assert.equal((await call.fails()).status, 483);
    const options = caller.request("OPTIONS", "sip:ralf@open.test", {
      fields: [
        ["Max-Forwards", "0"],
        ["Call-ID", "mf0"],
      ],
    });
    caller.send(options);
    assert.ok([200, 483].includes((await caller.next("final OPTIONS", "mf0")).status));
    assert.equal(callee.heard("INVITE"), 0);
  });

  it("counts hops down, and gives a request without Max-Forwards 70", async () => {
    for (const [fields, expected] of [
      [[["Max-Forwards", "5"]], "4"],
      [[["Max-Forwards", "1"]], "0"],
    ] as const) {
      const call = await caller.invite("ralf", { fields });
      const invite = await callee.next("INVITE", call.callId);
      assert.equal(invite.first("Max-Forwards"), expected);
      callee.reply(invite, 486);
      await call.fails();
    }
    const callId = random();
    caller.send(
      caller
        .request("INVITE", "sip:ralf@open.test", { fields: [["Call-ID", callId]] })
        .replace(/Max-Forwards: 70\r\n/, ""),
    );
    const invite = await callee.next("INVITE", callId);
    assert.equal(invite.first("Max-Forwards"), "70");
    callee.reply(invite, 486);
  });

  it("sees a loop", async () => {
    const call = await alice.invite("sip:x@loop.test");
    assert.ok([482, 483].includes((await call.fails()).status));
  });

  it("answers requests for itself: OPTIONS 200, others 404", async () => {
    assert.equal((await caller.ask("OPTIONS", `sip:127.0.0.1:${PORTS.sip}`)).status, 200);
    assert.equal((await caller.ask("OPTIONS", "sip:open.test")).status, 200);
    assert.equal((await caller.ask("MESSAGE", "sip:open.test")).status, 404);
  });

  it("refuses what it cannot: schemes, extensions, versions", async () => {
    assert.equal((await caller.ask("INVITE", "urn:service:sos")).status, 416);
    const required = await caller.ask("INVITE", "sip:ralf@open.test", { fields: [["Proxy-Require", "x-unheard"]] });
    assert.equal(required.status, 420);
    assert.match(required.first("Unsupported"), /x-unheard/);
    const callId = random();
    caller.send(
      caller
        .request("INVITE", "sip:ralf@open.test", { fields: [["Call-ID", callId]] })
        .replace("SIP/2.0\r\n", "SIP/7.0\r\n"),
    );
    assert.equal((await caller.next("final INVITE", callId)).status, 505);
  });

  it("steps aside where it shall not record its route: ACK and BYE go directly", async () => {
    const options = { domain: "direct.test" };
    const one = await phones.open("one", options);
    const other = await phones.open("other", options);
    await other.register();
    const call = await one.invite("other");
    const invite = await other.next("INVITE", call.callId);
    assert.equal(invite.first("Record-Route"), "");
    assert.equal(invite.audioPort, 6_000, "and its media too");
    other.reply(invite, 200, { body: sdp(7_000) });
    const answer = await call.next("200");
    assert.equal(answer.first("Record-Route"), "");
    const dialog = call.dialog(answer);
    one.send(dialog.text("ACK"), other.wire.local);
    await other.next("ACK", call.callId);
  });

  it("puts up with a strict router behind it", async () => {
    const router = await phones.at("127.0.0.1", PORTS.strict, "router");
    const call = await alice.invite("sip:x@strict.test");
    const invite = await router.next("INVITE", call.callId);
    router.reply(invite, 200, { body: sdp(7_000) });
    const dialog = await call.answered();
    await router.next("ACK", call.callId);
    // As a strict router sends it on (RFC 3261 section 16.12.1.2): our URI in front, the caller's at the end.
    const bye = router.dialogOf(invite);
    const [own = "", ...others] = bye.routes;
    const uri = own.match(/<([^>]+)>/)?.[1] ?? "";
    const text = bye.text(
      "BYE",
      { fields: [...others, `<${bye.target}>`].map((route) => ["Route", route] as const) },
      7,
    );
    router.send(text.replace(/^BYE \S+/, `BYE ${uri}`));
    const there = await alice.next("BYE", call.callId);
    assert.equal(there.uri, alice.contact);
    alice.reply(there, 200);
    await router.next("200 BYE", call.callId);
    assert.ok(dialog.routes.length > 0);
  });

  it("understands peers of RFC 2543: no branch, no rport, no magic cookie", async () => {
    for (const via of [`SIP/2.0/UDP ${caller.place}`, `SIP/2.0/UDP ${caller.place};branch=7`]) {
      const callId = random();
      const from = `<${caller.identity}>;tag=${random()}`;
      const fields = [
        ["Via", via],
        ["Call-ID", callId],
        ["CSeq", "1 INVITE"],
        ["From", from],
      ] as const;
      const text = caller.request("INVITE", "sip:ralf@open.test", { fields });
      caller.send(text);
      const invite = await callee.next("INVITE", callId);
      caller.send(text);
      callee.reply(invite, 180);
      await caller.next("180 INVITE", callId);
      assert.equal(callee.heard("INVITE", callId), 1, "the request that came again is no other request");
      caller.send(text.replace(/^INVITE/, "CANCEL").replace("1 INVITE", "1 CANCEL"));
      await caller.next("200 CANCEL", callId);
      callee.reply(await callee.next("CANCEL", callId), 200);
      callee.reply(invite, 487);
      const response = await caller.next("487 INVITE", callId);
      caller.send(
        text
          .replace(/^INVITE/, "ACK")
          .replace("1 INVITE", "1 ACK")
          .replace(/^To:.*$/m, `To: ${response.first("To")}`),
      );
      await callee.next("ACK", callId);
    }
  });

  it("hears who asks for answers elsewhere: the port of the Via, where it does not ask for rport", async () => {
    const ear = await phones.open("ear", OPEN);
    const callId = random();
    caller.send(
      caller.request("OPTIONS", "sip:open.test", {
        fields: [
          ["Via", `SIP/2.0/UDP ${ear.place};branch=z9hG4bK${callId}`],
          ["Call-ID", callId],
        ],
      }),
    );
    await ear.next("200 OPTIONS", callId);
  });

  it("absorbs what comes again, and says again what was lost", async () => {
    const call = await caller.invite("ralf");
    const invite = await callee.next("INVITE", call.callId);
    caller.send(call.text);
    callee.reply(invite, 180);
    await call.next("180");
    caller.send(call.text);
    await sleepUntil(() => caller.heard("180 INVITE", call.callId) >= 2);
    assert.equal(callee.heard("INVITE", call.callId), 1);
    callee.reply(invite, 486);
    await sleepUntil(() => caller.heard("486 INVITE", call.callId) >= 2);
    assert.ok(callee.heard("ACK", call.callId) >= 1);
    await call.fails();
    const count = caller.heard("486 INVITE", call.callId);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    assert.equal(caller.heard("486 INVITE", call.callId), count, "nothing is repeated after the ACK");
  });

  it("says the request again to who does not answer", async () => {
    const call = await caller.invite("ralf");
    const invite = await callee.next("INVITE", call.callId);
    await sleepUntil(() => callee.heard("INVITE", call.callId) >= 2);
    assert.ok(caller.heard("100 INVITE", call.callId) >= 1, "the caller is told meanwhile");
    callee.reply(invite, 486);
    await call.fails();
  });

  it("adds at most 300 octets to an INVITE, and tokens of at most 80 characters", async () => {
    const call = await caller.invite("ralf");
    const invite = await callee.next("INVITE", call.callId);
    const added = invite.text.length - call.text.length;
    assert.ok(added > 0 && added <= 300, `${added} octets`);
    const token = invite.first("Record-Route").match(/sip:([^@]+)@/)?.[1] ?? "";
    assert.ok(token.length > 0 && token.length <= 80, `${token.length} characters`);
    callee.reply(invite, 486);
    await call.fails();
  });
}

async function sleepUntil(true_: () => boolean): Promise<void> {
  for (let n = 0; n < 150 && !true_(); n += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(true_(), String(true_));
}
