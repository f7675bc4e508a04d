import assert from "node:assert/strict";
import { before, it } from "node:test";
import { type Call, type Phone, sdp } from "../wire/phone.ts";
import type { SipText } from "../wire/sip-text.ts";
import type { PhoneShop } from "./site.ts";

const OPEN = { domain: "open.test" };

/** One address of record, several phones. */
export function forking(phones: PhoneShop): void {
  let caller: Phone;
  let desk: Phone;
  let mobile: Phone;
  let owner = 0;

  before(async () => {
    caller = await phones.open("caller", OPEN);
    desk = await phones.open("desk", OPEN);
    mobile = await phones.open("mobile", OPEN);
  });

  /** Registers both phones for a new address of record and calls it. */
  const forked = async (desks = "", mobiles = ""): Promise<{ call: Call; user: string }> => {
    owner += 1;
    const user = `owner${owner}`;
    const registrant = await phones.open(user, OPEN);
    const reply = await registrant.register([`<${desk.contact}>${desks}`, `<${mobile.contact}>${mobiles}`]);
    assert.equal(reply.status, 200);
    return { call: await caller.invite(user), user };
  };
  const bothRing = async (call: Call): Promise<[SipText, SipText]> => {
    const atDesk = await desk.next("INVITE", call.callId);
    const atMobile = await mobile.next("INVITE", call.callId);
    desk.reply(atDesk, 180);
    mobile.reply(atMobile, 180);
    return [atDesk, atMobile];
  };
  const cancelled = async (phone: Phone, invite: SipText): Promise<void> => {
    phone.reply(await phone.next("CANCEL", invite.callId), 200);
    phone.reply(invite, 487);
    await phone.next("ACK", invite.callId);
  };

  it("connects who answers first and cancels the others", async () => {
    const { call } = await forked();
    const [atDesk, atMobile] = await bothRing(call);
    mobile.reply(atMobile, 200, { body: sdp(7_000) });
    const dialog = await call.answered();
    await mobile.next("ACK", call.callId);
    await cancelled(desk, atDesk);
    await dialog.hangUp(mobile);
    assert.equal(caller.heard("487 INVITE", call.callId), 0);
  });

  it("rings the preferred phone first, the other when that one is busy", async () => {
    const { call } = await forked(";q=0.9", ";q=0.2");
    const atDesk = await desk.next("INVITE", call.callId);
    await mobile.hearsNo("INVITE", 200);
    desk.reply(atDesk, 486);
    await desk.next("ACK", call.callId);
    const atMobile = await mobile.next("INVITE", call.callId);
    mobile.reply(atMobile, 200, { body: sdp(7_000) });
    const dialog = await call.answered();
    await mobile.next("ACK", call.callId);
    await dialog.hangUp(mobile);
  });

  it("brings two answers that crossed both to the caller, each with its own dialog", async () => {
    const { call } = await forked();
    const [atDesk, atMobile] = await bothRing(call);
    desk.reply(atDesk, 200, { body: sdp(7_000) });
    mobile.reply(atMobile, 200, { body: sdp(7_010) });
    const first = await call.next("200");
    const second = await call.next("200");
    assert.notEqual(first.toTag, second.toTag);
    assert.notEqual(first.audioPort, second.audioPort);
    for (const response of [first, second]) {
      const dialog = call.dialog(response);
      dialog.ack();
      const callee = response.toTag?.startsWith("desk") ? desk : mobile;
      await callee.next("ACK", call.callId);
      await dialog.hangUp(callee);
    }
  });

  it("ends everywhere when one declines for all (6xx)", async () => {
    const { call } = await forked();
    const [atDesk, atMobile] = await bothRing(call);
    desk.reply(atDesk, 603);
    await cancelled(mobile, atMobile);
    assert.equal((await call.fails()).status, 603);
  });

  it("does not go on to less preferred phones after a 6xx", async () => {
    const { call } = await forked(";q=0.9", ";q=0.2");
    desk.reply(await desk.next("INVITE", call.callId), 600);
    assert.equal((await call.fails()).status, 600);
    await mobile.hearsNo("INVITE", 200);
  });

  const bests = [
    [486, 404, 404, "the lowest class, the first of it"],
    [503, 486, 486, "4xx before 5xx"],
    [487, 480, 480, "what says something before what says nothing"],
    [503, 503, 500, "a 503 speaks for one phone, not for us"],
    [302, 486, 302, "3xx before 4xx"],
    [401, 486, 401, "what can be mended"],
  ] as const;
  for (const [one, other, best, why] of bests) {
    it(`of ${one} and ${other} tells the caller ${best}: ${why}`, async () => {
      const { call } = await forked();
      const [atDesk, atMobile] = await bothRing(call);
      const challenge = one === 401 ? [["WWW-Authenticate", 'Digest realm="desk", nonce="1"'] as const] : [];
      desk.reply(atDesk, one, { fields: one === 302 ? [["Contact", "<sip:x@elsewhere.test>"]] : challenge });
      await desk.next("ACK", call.callId);
      mobile.reply(atMobile, other);
      await mobile.next("ACK", call.callId);
      const response = await call.fails();
      if (best === 404) assert.ok([404, 486].includes(response.status));
      else assert.equal(response.status, best);
      if (best === 401) assert.equal(response.all("WWW-Authenticate").length, 1);
    });
  }

  it("collects the challenges of all phones", async () => {
    const { call } = await forked();
    const [atDesk, atMobile] = await bothRing(call);
    desk.reply(atDesk, 401, { fields: [["WWW-Authenticate", 'Digest realm="desk", nonce="1"']] });
    mobile.reply(atMobile, 407, { fields: [["Proxy-Authenticate", 'Digest realm="mobile", nonce="2"']] });
    const response = await call.fails();
    assert.deepEqual(
      [response.first("WWW-Authenticate"), response.first("Proxy-Authenticate")],
      ['Digest realm="desk", nonce="1"', 'Digest realm="mobile", nonce="2"'],
    );
  });

  it("gives each early dialog its own media, and the caller the right one in the end", async () => {
    const { call } = await forked();
    const atDesk = await desk.next("INVITE", call.callId);
    const atMobile = await mobile.next("INVITE", call.callId);
    desk.reply(atDesk, 183, { body: sdp(7_100) });
    mobile.reply(atMobile, 183, { body: sdp(7_110) });
    const early = [await call.next("183"), await call.next("183")];
    assert.equal(new Set(early.map((one) => one.toTag)).size, 2);
    assert.equal(new Set(early.map((one) => one.audioPort)).size, 2);
    assert.ok(early.every((one) => one.audioPort !== 7_100 && one.audioPort !== 7_110));
    mobile.reply(atMobile, 200, { body: sdp(7_110) });
    const answer = await call.next("200");
    const same = early.find((one) => one.toTag === answer.toTag);
    assert.equal(answer.audioPort, same?.audioPort, "the answer keeps what its early dialog said");
    const dialog = call.dialog(answer);
    dialog.ack();
    await mobile.next("ACK", call.callId);
    await cancelled(desk, atDesk);
    await dialog.hangUp(mobile);
  });

  it("cancels all that ring when the caller gives up", async () => {
    const { call } = await forked();
    const [atDesk, atMobile] = await bothRing(call);
    await call.next("180");
    call.cancel();
    await Promise.all([cancelled(desk, atDesk), cancelled(mobile, atMobile)]);
    assert.equal((await call.fails()).status, 487);
  });

  it("redirects in redirect mode: 302 for one contact, 300 for several", async () => {
    const options = { domain: "redirect.test" };
    const one = await phones.open("one", options);
    await one.register();
    const asking = await phones.open("asking", options);
    const single = await (await asking.invite("one")).fails();
    assert.equal(single.status, 302);
    assert.ok(single.first("Contact").includes(one.contact));
    const several = await phones.open("several", options);
    await several.register([`<${desk.contact}>;q=0.5`, `<${mobile.contact}>;q=0.7`]);
    const both = await (await asking.invite("several")).fails();
    assert.equal(both.status, 300);
    const contacts = both.list("Contact");
    assert.equal(contacts.length, 2);
    assert.ok(contacts[0]?.includes(mobile.contact), "the preferred first");
  });
}
