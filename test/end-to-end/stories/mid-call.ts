import assert from "node:assert/strict";
import { before, it } from "node:test";
import { until } from "@sipmesh/environment/testing";
import type { Dialog } from "../wire/dialog.ts";
import { type Phone, sdp } from "../wire/phone.ts";
import type { SipText } from "../wire/sip-text.ts";
import type { PhoneShop } from "./site.ts";

interface Talk {
  readonly caller: Dialog;
  readonly callee: Dialog;
  readonly callId: string;
  readonly invite: SipText;
  readonly answer: SipText;
}

/** What happens within a call that stands. */
export function midCall(phones: PhoneShop): void {
  let alice: Phone;
  let bob: Phone;

  before(async () => {
    alice = await phones.open("alice");
    bob = await phones.open("carol");
    assert.equal((await bob.register()).status, 200);
  });

  const talk = async (): Promise<Talk> => {
    const call = await alice.invite("carol");
    const invite = await bob.next("INVITE", call.callId);
    bob.reply(invite, 200, { body: sdp(7_000) });
    const answer = await call.next("200");
    const caller = call.dialog(answer);
    caller.ack();
    await bob.next("ACK", call.callId);
    return { caller, callee: bob.dialogOf(invite), callId: call.callId, invite, answer };
  };

  for (const from of ["caller", "callee"] as const) {
    it(`holds and resumes from the ${from}`, async () => {
      const { caller, callee, callId, invite, answer } = await talk();
      const [self, own, other] = from === "caller" ? [alice, caller, bob] : [bob, callee, alice];
      const shown = from === "caller" ? invite.audioPort : answer.audioPort;
      const seenBySelf = from === "caller" ? answer.audioPort : invite.audioPort;
      let version = 1;
      for (const [offered, answered] of [
        ["sendonly", "recvonly"],
        ["sendrecv", "sendrecv"],
      ] as const) {
        version += 1;
        own.send("INVITE", { body: sdp(6_000, offered, version) });
        const again = await other.next("INVITE", callId);
        assert.match(again.body, new RegExp(`a=${offered}`));
        assert.equal(again.audioPort, shown, "the relay's port stays");
        other.reply(again, 200, { body: sdp(7_000, answered, version) });
        const reply = await self.next("200 INVITE", callId);
        assert.match(reply.body, new RegExp(`a=${answered}`));
        assert.equal(reply.audioPort, seenBySelf);
        own.ack();
        await other.next("ACK", callId);
      }
      await own.hangUp(other);
    });
  }

  it("leaves everything as it was when a re-INVITE is refused", async () => {
    const { caller, callId } = await talk();
    caller.send("INVITE", { body: sdp(6_500, "sendrecv", 2) });
    const again = await bob.next("INVITE", callId);
    bob.reply(again, 488);
    await bob.next("ACK", callId);
    assert.equal((await alice.next("final INVITE", callId)).status, 488);
    await caller.hangUp(bob);
  });

  for (const method of ["INFO", "MESSAGE", "OPTIONS", "NOTIFY", "X-OWN"]) {
    it(`carries ${method} both ways within a dialog, its body untouched`, async () => {
      const { caller, callee, callId } = await talk();
      for (const [self, own, other] of [
        [alice, caller, bob],
        [bob, callee, alice],
      ] as const) {
        own.send(method, {
          body: "Signal=5\r\n\xfe\xff",
          type: "application/dtmf-relay",
          fields: [["X-Odd", "kept  as is"]],
        });
        const there = await other.next(method, callId);
        assert.equal(there.body, "Signal=5\r\n\xfe\xff");
        assert.equal(there.first("X-Odd"), "kept  as is");
        assert.equal(there.all("Route").length, 0, "nothing of ours is left in the Route");
        other.reply(there, 200);
        assert.equal((await self.next(`final ${method}`, callId)).status, 200);
      }
      await caller.hangUp(bob);
    });
  }

  it("renegotiates by UPDATE", async () => {
    const { caller, callId, invite } = await talk();
    caller.send("UPDATE", { body: sdp(6_200, "sendonly", 2) });
    const update = await bob.next("UPDATE", callId);
    assert.equal(update.audioPort, invite.audioPort);
    bob.reply(update, 200, { body: sdp(7_000, "recvonly", 2) });
    const reply = await alice.next("200 UPDATE", callId);
    assert.match(reply.body, /a=recvonly/);
    assert.notEqual(reply.audioPort, 7_000);
    await caller.hangUp(bob);
  });

  it("acknowledges a provisional response (100rel), and carries an offer in the PRACK", async () => {
    const call = await alice.invite("carol", { body: sdp(6_000), fields: [["Supported", "100rel"]] });
    const invite = await bob.next("INVITE", call.callId);
    assert.match(invite.first("Supported"), /100rel/);
    bob.reply(invite, 183, {
      body: sdp(7_000),
      fields: [
        ["Require", "100rel"],
        ["RSeq", "7"],
      ],
    });
    const early = await call.next("183");
    assert.equal(early.first("RSeq"), "7");
    assert.notEqual(early.audioPort, 7_000);
    const dialog = call.dialog(early);
    const cseq = early.first("CSeq").split(" ")[0];
    dialog.send("PRACK", { fields: [["RAck", `7 ${cseq} INVITE`]], body: sdp(6_000, "sendrecv", 2) });
    const prack = await bob.next("PRACK", call.callId);
    assert.equal(prack.audioPort, invite.audioPort);
    bob.reply(prack, 200, { body: sdp(7_000, "sendrecv", 2) });
    const reply = await alice.next("200 PRACK", call.callId);
    assert.equal(reply.audioPort, early.audioPort);
    bob.reply(invite, 200);
    const answer = await call.next("200");
    assert.equal(answer.body, "");
    dialog.ack({}, Number(cseq));
    await bob.next("ACK", call.callId);
    await dialog.hangUp(bob);
  });

  it("connects a call whose offer comes in the 2xx and whose answer in the ACK", async () => {
    const call = await alice.invite("carol", {});
    const invite = await bob.next("INVITE", call.callId);
    assert.equal(invite.body, "");
    bob.reply(invite, 200, { body: sdp(7_000) });
    const answer = await call.next("200");
    assert.notEqual(answer.audioPort, 7_000);
    const dialog = call.dialog(answer);
    dialog.ack({ body: sdp(6_000) });
    const ack = await bob.next("ACK", call.callId);
    assert.ok(ack.audioPort > 0 && ack.audioPort !== 6_000, "the answer names the relay");
    await dialog.hangUp(bob);
  });

  it("takes an offer-less re-INVITE, as music on hold asks for it", async () => {
    const { caller, callId, answer } = await talk();
    caller.send("INVITE");
    const again = await bob.next("INVITE", callId);
    bob.reply(again, 200, { body: sdp(7_000, "sendrecv", 2) });
    const reply = await alice.next("200 INVITE", callId);
    assert.equal(reply.audioPort, answer.audioPort);
    caller.ack({ body: sdp(6_000, "sendrecv", 2) });
    const ack = await bob.next("ACK", callId);
    assert.notEqual(ack.audioPort, 6_000);
    await caller.hangUp(bob);
  });

  it("passes REFER and its NOTIFY through", async () => {
    const { caller, callee, callId } = await talk();
    caller.send("REFER", { fields: [["Refer-To", "<sip:dave@sipmesh.test?Replaces=a%3Bto-tag%3Db>"]] });
    const refer = await bob.next("REFER", callId);
    assert.equal(refer.first("Refer-To"), "<sip:dave@sipmesh.test?Replaces=a%3Bto-tag%3Db>");
    bob.reply(refer, 202 as 200);
    assert.equal((await alice.next("final REFER", callId)).status, 202);
    callee.send("NOTIFY", { body: "SIP/2.0 100 Trying\r\n", type: "message/sipfrag", fields: [["Event", "refer"]] });
    const notify = await alice.next("NOTIFY", callId);
    assert.equal(notify.body, "SIP/2.0 100 Trying\r\n");
    alice.reply(notify, 200);
    await bob.next("200 NOTIFY", callId);
    await caller.hangUp(bob);
  });

  it("lets both sides hang up at once", async () => {
    const { caller, callee, callId } = await talk();
    caller.send("BYE");
    callee.send("BYE");
    bob.reply(await bob.next("BYE", callId), 200);
    alice.reply(await alice.next("BYE", callId), 200);
    await alice.next("200 BYE", callId);
    await bob.next("200 BYE", callId);
  });

  it("carries a 2xx that comes again to the caller again, and its ACK again to the callee", async () => {
    const call = await alice.invite("carol");
    const invite = await bob.next("INVITE", call.callId);
    bob.reply(invite, 200, { body: sdp(7_000) });
    const dialog = call.dialog(await call.next("200"));
    bob.reply(invite, 200, { body: sdp(7_000) });
    await until(() => alice.heard("200 INVITE", call.callId) === 2);
    dialog.ack();
    await bob.next("ACK", call.callId);
    await dialog.hangUp(bob);
  });

  it("answers a request that belongs to no call of ours: a forged Route is no way in", async () => {
    const { caller, callId } = await talk();
    const forged =
      caller.routes[0]?.replace(/sip:[^@]+@/, (token) => `${token.slice(0, -2)}${token.endsWith("A@") ? "B" : "A"}@`) ??
      "";
    caller.send("INFO", { fields: [["Route", forged]] });
    const response = await alice.next("final INFO", callId);
    assert.ok([403, 404, 407, 481].includes(response.status), response.start);
    assert.equal(bob.heard("INFO", callId), 0);
    await caller.hangUp(bob);
  });

  it("does not let a token be used in another call", async () => {
    const one = await talk();
    const mallory = await phones.open("mallory", { domain: "foreign.test" });
    mallory.send(
      mallory.request("INFO", one.caller.target, {
        fields: [
          ["Route", one.caller.routes[0] ?? ""],
          ["To", `<sip:carol@sipmesh.test>;tag=x`],
        ],
      }),
    );
    const response = await mallory.next("final INFO");
    assert.ok(response.status >= 400, response.start);
    assert.equal(bob.heard("INFO", response.callId), 0);
    await one.caller.hangUp(bob);
  });
}
