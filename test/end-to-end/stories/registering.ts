import assert from "node:assert/strict";
import { it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { challengeOf, credentials } from "../wire/credentials.ts";
import { type Phone, random, sdp } from "../wire/phone.ts";
import type { Field, SipText } from "../wire/sip-text.ts";
import type { PhoneShop } from "./site.ts";

const OPEN = { domain: "open.test" };
const HOME = "sip:sipmesh.test";

/** What a registrar promises (RFC 3261 section 10), and who may ask it. */
export function registering(phones: PhoneShop): void {
  let made = 0;
  const newcomer = () => phones.open(`user${++made}`, OPEN);
  const contacts = async (phone: Phone): Promise<string[]> => (await phone.register([])).list("Contact");
  const uris = async (phone: Phone): Promise<string[]> =>
    (await contacts(phone)).map((one) => one.match(/<([^>]+)>/)?.[1] ?? one).sort();
  const expiresOf = (contact: string | undefined) => Number(contact?.match(/;expires=(\d+)/i)?.[1]);

  it("adds, refreshes, lists and removes a contact", async () => {
    const phone = await newcomer();
    const added = await phone.register(undefined, [["Expires", "600"]]);
    assert.equal(added.status, 200);
    assert.ok(expiresOf(added.first("Contact")) <= 600 && expiresOf(added.first("Contact")) > 590);
    const refreshed = await phone.register([`<${phone.contact}>;expires=1200`], [["Expires", "600"]]);
    assert.ok(expiresOf(refreshed.first("Contact")) > 1_100, "the parameter goes before the header field");
    assert.deepEqual(await uris(phone), [phone.contact]);
    const removed = await phone.register([`<${phone.contact}>;expires=0`]);
    assert.equal(removed.status, 200);
    assert.deepEqual(await contacts(phone), []);
  });

  it("removes all contacts with *, and only with Expires: 0 and nothing beside", async () => {
    const phone = await newcomer();
    await phone.register([`<${phone.contact}>`, "<sip:other@127.0.0.1:9>;q=0.3"]);
    assert.equal((await contacts(phone)).length, 2);
    assert.equal((await phone.register(["*"])).status, 400);
    assert.equal((await phone.register(["*"], [["Expires", "60"]])).status, 400);
    assert.equal((await phone.register(["*", `<${phone.contact}>`], [["Expires", "0"]])).status, 400);
    assert.equal((await contacts(phone)).length, 2);
    assert.equal((await phone.register(["*"], [["Expires", "0"]])).status, 200);
    assert.deepEqual(await contacts(phone), []);
  });

  it("keeps several contacts with their preference", async () => {
    const phone = await newcomer();
    const reply = await phone.register([
      "<sip:a@127.0.0.1:9>;q=0.3",
      "<sip:b@127.0.0.1:9>;q=0.8",
      "<sip:c@127.0.0.1:9>",
    ]);
    assert.equal(reply.list("Contact").length, 3);
    const known = await contacts(phone);
    assert.match(known.find((one) => one.includes("sip:a@")) ?? "", /;q=0\.3/);
    assert.match(known.find((one) => one.includes("sip:b@")) ?? "", /;q=0\.8/);
  });

  it("compares contacts as URIs: another spelling is no other contact", async () => {
    const phone = await newcomer();
    await phone.register(["<sip:%61@EXAMPLE.test:5060;transport=UDP>"]);
    await phone.register(["<sip:a@example.TEST:5060;transport=udp>"]);
    assert.equal((await contacts(phone)).length, 1);
  });

  it("answers 423 with Min-Expires to an interval that is too brief", async () => {
    const phone = await newcomer();
    const reply = await phone.register([`<${phone.contact}>;expires=1`]);
    assert.equal(reply.status, 423);
    assert.ok(Number(reply.first("Min-Expires")) > 1);
    assert.deepEqual(await contacts(phone), []);
  });

  it("refuses what comes out of order, and takes nothing of it", async () => {
    const phone = await newcomer();
    const callId = random();
    const register = async (cseq: number, contact: string, expires: number): Promise<SipText> => {
      phone.send(
        phone.request("REGISTER", "sip:open.test", {
          fields: [
            ["Call-ID", callId],
            ["CSeq", `${cseq} REGISTER`],
            ["Contact", `<${contact}>;expires=${expires}`],
          ],
        }),
      );
      return await phone.next("final REGISTER", callId);
    };
    assert.equal((await register(10, phone.contact, 600)).status, 200);
    const late = await register(9, phone.contact, 0);
    assert.ok(late.status >= 400, late.start);
    assert.deepEqual(await uris(phone), [phone.contact]);
    assert.equal((await register(11, phone.contact, 0)).status, 200);
    assert.deepEqual(await contacts(phone), []);
  });

  it("answers a REGISTER that comes again as the first time", async () => {
    const phone = await newcomer();
    const text = phone.request("REGISTER", "sip:open.test", { fields: [["Contact", `<${phone.contact}>`]] });
    phone.send(text);
    const { text: first } = await phone.next("200 REGISTER");
    phone.send(text);
    for (let n = 0; n < 50 && phone.heard("200 REGISTER") < 2; n += 1) await pause(20);
    assert.deepEqual(
      phone.wire.heard.filter((one) => one.status > 0).map((one) => one.text),
      [first, first],
    );
  });

  it("refuses extensions that it does not have, and names them", async () => {
    const phone = await newcomer();
    const reply = await phone.register(undefined, [["Require", "path, x-unheard-of"]]);
    assert.equal(reply.status, 420);
    assert.match(reply.first("Unsupported"), /x-unheard-of/);
  });

  it("registers nobody for a domain that is not ours, and nobody who does not exist", async () => {
    const phone = await phones.open("alice", { domain: "foreign.test" });
    assert.ok([403, 404].includes((await phone.register()).status));
    const nobody = await phones.open("nobody");
    assert.ok([401, 403].includes((await nobody.register()).status), "nobody learns who exists");
  });

  it("refuses a wrong password, also for who does not exist, in the same words", async () => {
    const wrong = await phones.open("alice", { password: "guess" });
    const refused = await wrong.register();
    assert.ok([401, 403].includes(refused.status), refused.start);
    const call = await wrong.invite("bob");
    assert.ok([403, 407].includes((await call.fails()).status));
  });

  it("takes a nonce once without qop, and each count once with it", async () => {
    const phone = await phones.open("erin");
    const send = async (...fields: Field[]): Promise<SipText> => {
      const callId = random();
      phone.send(phone.request("REGISTER", HOME, { fields: [["Call-ID", callId], ...fields] }));
      return await phone.next("final REGISTER", callId);
    };
    const challenge = challengeOf(await send());
    const first = credentials(challenge, phone, "REGISTER", HOME, 1);
    assert.equal((await send(first)).status, 200);
    const replayed = await send(first);
    assert.equal(replayed.status, 401, "the same count again");
    assert.equal((await send(credentials(challenge, phone, "REGISTER", HOME, 2))).status, 200);
    const other = challengeOf(await send());
    const plain = credentials(other, phone, "REGISTER", HOME, 1, false);
    assert.equal((await send(plain)).status, 200);
    const again = await send(plain);
    assert.equal(again.status, 401);
    assert.equal(challengeOf(again).stale, true);
  });

  it("says that a nonce is stale when it is old, and no such thing to a wrong password", async () => {
    const phone = await phones.open("erin");
    const send = async (...fields: Field[]): Promise<SipText> => {
      const callId = random();
      phone.send(phone.request("REGISTER", HOME, { fields: [["Call-ID", callId], ...fields] }));
      return await phone.next("final REGISTER", callId);
    };
    const challenge = challengeOf(await send());
    await pause(2_200);
    const stale = await send(credentials(challenge, phone, "REGISTER", HOME, 1));
    assert.equal(stale.status, 401);
    const fresh = challengeOf(stale);
    assert.equal(fresh.stale, true);
    assert.equal((await send(credentials(fresh, phone, "REGISTER", HOME, 1))).status, 200);
    const wrong = await send(credentials(challenge, { user: "erin", password: "guess" }, "REGISTER", HOME, 1));
    assert.ok([401, 403].includes(wrong.status));
    if (wrong.status === 401) assert.equal(challengeOf(wrong).stale, false);
    const made = { ...challenge, nonce: `${challenge.nonce.slice(0, -4)}AAAA` };
    assert.equal(
      (await send(credentials(made, phone, "REGISTER", HOME, 1))).status,
      401,
      "a nonce of their own making",
    );
  });

  it("lets nobody register for another", async () => {
    const phone = await phones.open("erin");
    const callId = random();
    const about: Field[] = [
      ["Call-ID", callId],
      ["To", "<sip:bob@sipmesh.test>"],
      ["From", "<sip:bob@sipmesh.test>;tag=1"],
    ];
    phone.send(phone.request("REGISTER", HOME, { fields: about }));
    const challenge = challengeOf(await phone.next("401 REGISTER", callId));
    phone.send(
      phone.request("REGISTER", HOME, { fields: [...about, credentials(challenge, phone, "REGISTER", HOME)] }),
    );
    assert.equal((await phone.next("final REGISTER", callId)).status, 403);
  });

  it("registers a phone over TCP, and calls it over its connection", async () => {
    const phone = await phones.open("tess", { ...OPEN, transport: "TCP" });
    const caller = await phones.open("tim", OPEN);
    assert.equal((await phone.register()).status, 200);
    const call = await caller.invite("tess");
    const invite = await phone.next("INVITE", call.callId);
    assert.match(invite.first("Via"), /^SIP\/2\.0\/TCP /);
    assert.match(invite.first("Record-Route"), /transport=tcp/);
    phone.reply(invite, 180);
    phone.reply(invite, 200, { body: sdp(7_000) });
    const dialog = await call.answered();
    await phone.next("ACK", call.callId);
    assert.doesNotMatch(dialog.routes.join(), /transport=tcp/, "the caller is shown how it reaches us itself");
    await dialog.hangUp(phone);
  });

  it("calls from TCP to UDP, and lets the callee hang up over the caller's connection", async () => {
    const caller = await phones.open("tina", { ...OPEN, transport: "TCP" });
    const callee = await newcomer();
    await callee.register();
    const call = await caller.invite(callee.user);
    const invite = await callee.next("INVITE", call.callId);
    assert.match(invite.first("Via"), /^SIP\/2\.0\/UDP /);
    callee.reply(invite, 200, { body: sdp(7_000) });
    await call.answered();
    await callee.next("ACK", call.callId);
    await callee.dialogOf(invite).hangUp(caller);
  });

  it("answers 480 for a phone whose connection is gone", async () => {
    const phone = await phones.open("tom", { ...OPEN, transport: "TCP" });
    const caller = await newcomer();
    await phone.register();
    phone.close();
    await pause(100);
    const response = await (await caller.invite("tom")).fails();
    assert.equal(response.status, 480);
  });
}
