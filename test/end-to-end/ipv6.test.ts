import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Platform, startPlatform } from "@sipmesh/drivers";
import { Phone, sdp } from "./wire/phone.ts";

describe("calls over IPv6", () => {
  let platform: Platform;
  const phones: Phone[] = [];

  before(async () => {
    platform = await startPlatform({ shape: "all", address: "::1", authenticate: false });
  });
  after(async () => {
    for (const phone of phones) phone.close();
    await platform?.stop();
  });

  const open = async (user: string, transport: "UDP" | "TCP" = "UDP"): Promise<Phone> => {
    const phone = await Phone.open(platform, user, { domain: "[::1]", address: "::1", proves: false, transport });
    phones.push(phone);
    return phone;
  };

  for (const [from, to] of [
    ["UDP", "UDP"],
    ["TCP", "TCP"],
    ["TCP", "UDP"],
  ] as const) {
    it(`from ${from} to ${to}: adds at most 300 octets, tokens of at most 80 characters, and reaches both ends`, async () => {
      const caller = await open(`caller-${from}-${to}`, from);
      const callee = await open(`callee-${from}-${to}`, to);
      assert.equal((await callee.register()).status, 200);
      const call = await caller.invite(callee.user, { body: sdp(6_000, "sendrecv", 1, "::1") });
      const invite = await callee.next("INVITE", call.callId);
      // The session description is rewritten, not added to: what counts is the head.
      const added = invite.text.indexOf("\r\n\r\n") - call.text.indexOf("\r\n\r\n");
      assert.ok(added > 0 && added <= 300, `${added} octets:\n${invite.text}`);
      const token = invite.first("Record-Route").match(/sip:([^@]+)@/)?.[1] ?? "";
      assert.ok(token.length > 0 && token.length <= 80, `${token.length} characters`);
      callee.reply(invite, 180);
      callee.reply(invite, 200, { body: sdp(7_000, "sendrecv", 1, "::1") });
      const answer = await call.next("200");
      assert.match(answer.body, /c=IN IP6 ::1/);
      const dialog = call.dialog(answer);
      dialog.ack();
      await callee.next("ACK", call.callId);
      const reply = callee.dialogOf(invite);
      reply.send("INFO");
      caller.reply(await caller.next("INFO", call.callId), 200);
      await callee.next("200 INFO", call.callId);
      await dialog.hangUp(callee);
    });
  }
});
