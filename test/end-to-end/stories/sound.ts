import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { type Phone, sdp } from "../wire/phone.ts";
import { Sound } from "../wire/sound.ts";
import type { PhoneShop } from "./site.ts";

const OPEN = { domain: "open.test" };

/** What is heard, and when. */
export function sounding(phones: PhoneShop): void {
  let caller: Phone;
  let callee: Phone;
  let own: Sound;
  let other: Sound;

  before(async () => {
    caller = await phones.open("sue", OPEN);
    callee = await phones.open("sam", OPEN);
    own = await Sound.open();
    other = await Sound.open();
    assert.equal((await callee.register()).status, 200);
  });
  after(() => {
    own?.close();
    other?.close();
  });

  it("lets the caller hear an announcement before the call is answered, and both afterwards", async () => {
    const call = await caller.invite("sam", { body: sdp(own.port) });
    const invite = await callee.next("INVITE", call.callId);
    callee.reply(invite, 183, { body: sdp(other.port) });
    const early = await call.next("183");
    await other.reaches(own, invite.audioPort, "the number you have dialled");
    callee.reply(invite, 200, { body: sdp(other.port) });
    const dialog = await call.answered();
    await callee.next("ACK", call.callId);
    await own.reaches(other, early.audioPort, "hello");
    await other.reaches(own, invite.audioPort, "hello yourself");
    await dialog.hangUp(callee);
  });

  it("is heard as before after a refused re-INVITE, and at the new place after an accepted one", async () => {
    const moved = await Sound.open();
    const call = await caller.invite("sam", { body: sdp(own.port) });
    const invite = await callee.next("INVITE", call.callId);
    callee.reply(invite, 200, { body: sdp(other.port) });
    const answer = await call.next("200");
    const dialog = call.dialog(answer);
    dialog.ack();
    await callee.next("ACK", call.callId);
    await own.reaches(other, answer.audioPort, "one");
    await other.reaches(own, invite.audioPort, "two");
    for (const status of [488, 491, 200] as const) {
      dialog.send("INVITE", { body: sdp(moved.port, "sendrecv", 2) });
      const again = await callee.next("INVITE", call.callId);
      callee.reply(again, status, status === 200 ? { body: sdp(other.port, "sendrecv", 2) } : {});
      const response = await call.next("final");
      assert.equal(response.status, status);
      if (status === 200) dialog.ack();
      const place = status === 200 ? moved : own;
      await place.reaches(other, answer.audioPort, `from the caller after ${status}`);
      await other.reaches(place, again.audioPort, `from the callee after ${status}`);
    }
    await dialog.hangUp(callee);
    moved.close();
  });

  it("survives two re-INVITEs that cross", async () => {
    const call = await caller.invite("sam", { body: sdp(own.port) });
    const invite = await callee.next("INVITE", call.callId);
    callee.reply(invite, 200, { body: sdp(other.port) });
    const answer = await call.next("200");
    const dialog = call.dialog(answer);
    dialog.ack();
    await callee.next("ACK", call.callId);
    const back = callee.dialogOf(invite);
    dialog.send("INVITE", { body: sdp(own.port, "sendonly", 2) });
    back.send("INVITE", { body: sdp(other.port, "sendonly", 2) });
    callee.reply(await callee.next("INVITE", call.callId), 491);
    caller.reply(await caller.next("INVITE", call.callId), 491);
    await caller.next("491 INVITE", call.callId);
    await callee.next("491 INVITE", call.callId);
    await own.reaches(other, answer.audioPort, "still here");
    await other.reaches(own, invite.audioPort, "so am I");
    back.send("INVITE", { body: sdp(other.port, "sendrecv", 3) });
    caller.reply(await caller.next("INVITE", call.callId), 200, { body: sdp(own.port, "sendrecv", 3) });
    await callee.next("200 INVITE", call.callId);
    back.ack();
    await own.reaches(other, answer.audioPort, "again");
    await dialog.hangUp(callee);
  });
}
