import assert from "node:assert/strict";
import { before, it } from "node:test";
import type { Phone } from "../wire/phone.ts";
import { sdp } from "../wire/phone.ts";
import type { PhoneShop } from "./site.ts";

/** From the INVITE until somebody answers, or nobody does. */
export function ringing(phones: PhoneShop): void {
  let alice: Phone;
  let bob: Phone;

  before(async () => {
    alice = await phones.open("alice");
    bob = await phones.open("bob");
    assert.equal((await bob.register()).status, 200);
  });

  it("cancels what rings: 487 for the caller, CANCEL and ACK for the callee", async () => {
    const call = await alice.invite("bob");
    const invite = await bob.next("INVITE", call.callId);
    bob.reply(invite, 180);
    await call.next("180");
    call.cancel();
    await alice.next("200 CANCEL", call.callId);
    const cancel = await bob.next("CANCEL", call.callId);
    assert.equal(cancel.first("Via"), invite.first("Via"), "the CANCEL is for this very INVITE");
    assert.equal(cancel.uri, invite.uri);
    bob.reply(cancel, 200);
    bob.reply(invite, 487);
    await bob.next("ACK", call.callId);
    assert.equal((await call.fails()).status, 487);
  });

  it("holds a CANCEL back until the callee has said anything", async () => {
    const call = await alice.invite("bob");
    const invite = await bob.next("INVITE", call.callId);
    call.cancel();
    await alice.next("200 CANCEL", call.callId);
    await bob.hearsNo("CANCEL", 300);
    bob.reply(invite, 100);
    bob.reply(await bob.next("CANCEL", call.callId), 200);
    bob.reply(invite, 487);
    assert.equal((await call.fails()).status, 487);
  });

  it("ends a call whose answer crossed the CANCEL as an answered one", async () => {
    const call = await alice.invite("bob");
    const invite = await bob.next("INVITE", call.callId);
    bob.reply(invite, 180);
    await call.next("180");
    call.cancel();
    bob.reply(await bob.next("CANCEL", call.callId), 200);
    bob.reply(invite, 200, { body: sdp(7_000) });
    const dialog = await call.answered();
    await bob.next("ACK", call.callId);
    await dialog.hangUp(bob);
  });

  it("answers a CANCEL that matches nothing with 481", async () => {
    const call = await alice.invite("bob");
    const invite = await bob.next("INVITE", call.callId);
    bob.reply(invite, 486);
    await call.fails();
    call.cancel("z9hG4bKother");
    await alice.next("481 CANCEL", call.callId);
  });

  for (const status of [486, 603, 488, 404]) {
    it(`tells the caller that the callee answered ${status}`, async () => {
      const call = await alice.invite("bob");
      const invite = await bob.next("INVITE", call.callId);
      bob.reply(invite, 180);
      bob.reply(invite, status, { fields: [["Warning", '399 bob "as it is"']] });
      await bob.next("ACK", call.callId);
      const response = await call.fails();
      assert.equal(response.status, status);
      assert.equal(response.first("Warning"), '399 bob "as it is"');
    });
  }

  it("cancels what rings longer than it may, and tells the caller 480", async () => {
    const brief = await phones.open("bob", { domain: "brief.test" });
    const caller = await phones.open("alice", { domain: "brief.test" });
    assert.equal((await brief.register()).status, 200);
    const call = await caller.invite("bob");
    const invite = await brief.next("INVITE", call.callId);
    brief.reply(invite, 180);
    brief.reply(await brief.next("CANCEL", call.callId), 200);
    brief.reply(invite, 487);
    await brief.next("ACK", call.callId);
    assert.equal((await call.fails()).status, 480);
  });

  it("tells the caller 408 where a phone does not answer at all", async () => {
    const silent = await phones.open("silent", { domain: "brief.test" });
    const caller = await phones.open("alice", { domain: "brief.test" });
    assert.equal((await silent.register()).status, 200);
    const call = await caller.invite("silent");
    await silent.next("INVITE", call.callId);
    assert.equal((await call.fails()).status, 408);
  });

  it("answers 480 for a subscriber who is not there, 404 for who does not exist", async () => {
    assert.equal((await (await alice.invite("dave")).fails()).status, 480);
    assert.equal((await (await alice.invite("nobody")).fails()).status, 404);
    assert.equal((await alice.ask("MESSAGE", "sip:nobody@sipmesh.test")).status, 404);
  });

  it("answers by configuration: redirected, closed", async () => {
    const moved = await (await alice.invite("moved")).fails();
    assert.equal(moved.status, 302);
    assert.match(moved.first("Contact"), /sip:new@elsewhere\.test/);
    const closed = await (await alice.invite("closed")).fails();
    assert.equal(closed.start, "SIP/2.0 403 Closed");
  });
}
