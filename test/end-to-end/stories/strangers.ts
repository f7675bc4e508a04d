import assert from "node:assert/strict";
import { before, it } from "node:test";
import { challengeOf, credentials } from "../wire/credentials.ts";
import { type Phone, random, sdp } from "../wire/phone.ts";
import type { Field, SipText } from "../wire/sip-text.ts";
import { CARRIER, type PhoneShop, PORTS } from "./site.ts";

/** Who may call whom: subscribers, carriers, and everybody else. */
export function strangers(phones: PhoneShop): void {
  let alice: Phone;
  let grace: Phone;
  let carrier: Phone;

  before(async () => {
    alice = await phones.open("alice");
    carrier = await phones.at(CARRIER, PORTS.carrier, "carrier");
    grace = await phones.open("grace");
    assert.equal((await grace.register()).status, 200);
  });

  const refused = async (phone: Phone, uri: string, ...fields: Field[]): Promise<SipText> => {
    const callId = random();
    phone.send(phone.request("INVITE", uri, { body: sdp(6_000), fields: [["Call-ID", callId], ...fields] }));
    const response = await phone.next("final INVITE", callId);
    assert.ok([403, 404, 407].includes(response.status), `${uri}: ${response.start}`);
    return response;
  };

  it("relays no stranger: neither abroad, nor to a number, nor to a subscriber", async () => {
    const stranger = await phones.open("mallory", { domain: "foreign.test" });
    for (const uri of [
      "sip:victim@elsewhere.test",
      "sip:victim@127.0.0.1:9",
      "sip:+4989123@sipmesh.test",
      "sip:+4989123@sipmesh.test;user=phone",
      "tel:+4989123",
      "sip:+4989123@127.0.0.1",
      "sip:grace@sipmesh.test",
      "sip:+4930100@sipmesh.test",
    ])
      await refused(stranger, uri);
    assert.equal(grace.heard("INVITE"), 0);
  });

  it("relays no stranger that names the way itself (Route), or hides its name", async () => {
    const stranger = await phones.open("mallory", { domain: "foreign.test" });
    await refused(stranger, "sip:grace@sipmesh.test", ["Route", "<sip:127.0.0.1:9;lr>"]);
    await refused(stranger, "sip:x@open.test", ["Route", `<sip:127.0.0.1:${PORTS.sip};lr>, <sip:127.0.0.1:9;lr>`]);
    await refused(stranger, "sip:grace@sipmesh.test", ["From", `"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1`]);
    await refused(stranger, "sip:victim@elsewhere.test", ["From", `<sip:carrier@127.0.0.9>;tag=1`]);
    await refused(stranger, "sip:victim@elsewhere.test", ["From", `<tel:+4989123>;tag=1`]);
  });

  it("believes no header field about who somebody is", async () => {
    const stranger = await phones.open("mallory", { domain: "foreign.test" });
    await refused(
      stranger,
      "sip:+4989123@sipmesh.test",
      ["P-Asserted-Identity", "<sip:alice@sipmesh.test>"],
      ["X-Sipmesh-Identity", "alice@sipmesh.test"],
      ["X-Sipmesh-Trusted", "true"],
      ["Via", "SIP/2.0/UDP 127.0.0.9:5060;branch=z9hG4bK1;received=127.0.0.9"],
    );
  });

  it("reaches the open domain's phones, and strips look-alikes of our marks on the way", async () => {
    const stranger = await phones.open("mallory", { domain: "foreign.test" });
    const callee = await phones.open("zoe", { domain: "open.test" });
    await callee.register();
    const callId = random();
    stranger.send(
      stranger.request("INVITE", "sip:zoe@open.test", {
        fields: [
          ["Call-ID", callId],
          ["X-Sipmesh-Identity", "alice"],
          ["x-sipmesh-Trusted", "1"],
          ["X-Sip-Mesh", "kept"],
        ],
      }),
    );
    const invite = await callee.next("INVITE", callId);
    assert.doesNotMatch(invite.text, /x-sipmesh/i);
    assert.equal(invite.first("X-Sip-Mesh"), "kept");
    callee.reply(invite, 486);
  });

  it("refuses alice's credentials under bob's name", async () => {
    const asBob: Field = ["From", "<sip:bob@sipmesh.test>;tag=b"];
    const uri = "sip:grace@sipmesh.test";
    const callId = random();
    alice.send(alice.request("INVITE", uri, { fields: [["Call-ID", callId], asBob] }));
    const challenge = challengeOf(await alice.next("407 INVITE", callId));
    const proof = credentials(challenge, alice, "INVITE", uri);
    alice.send(alice.request("INVITE", uri, { fields: [["Call-ID", callId], asBob, proof] }));
    assert.equal((await alice.next("final INVITE", callId)).status, 403);
    assert.equal(grace.heard("INVITE"), 0);
  });

  it("keeps the credentials that were for us to itself", async () => {
    const call = await alice.invite("grace");
    const invite = await grace.next("INVITE", call.callId);
    assert.equal(invite.first("Proxy-Authorization"), "");
    grace.reply(invite, 486);
    await call.fails();
  });

  it("takes subscribers to numbers of the carrier, and subscribers' own numbers home", async () => {
    const call = await alice.invite("+4989123");
    const invite = await carrier.next("INVITE", call.callId);
    assert.match(invite.uri, /^sip:\+4989123@127\.0\.0\.9/);
    assert.equal(invite.first("Proxy-Authorization"), "");
    carrier.reply(invite, 200, { body: sdp(7_000) });
    const dialog = await call.answered();
    await carrier.next("ACK", call.callId);
    await carrier.dialogOf(invite).hangUp(alice);
    assert.ok(dialog.routes.length > 0);
    const home = await alice.invite("+4930100");
    grace.reply(await grace.next("INVITE", home.callId), 486);
    assert.equal((await home.fails()).status, 486);
  });

  it("lets the carrier call numbers and subscribers without a challenge", async () => {
    for (const uri of ["sip:+4930100@sipmesh.test", "sip:grace@sipmesh.test", "tel:+4930100"]) {
      const call = await carrier.invite(uri);
      const invite = await grace.next("INVITE", call.callId);
      grace.reply(invite, 200, { body: sdp(7_000) });
      const dialog = await call.answered();
      await grace.next("ACK", call.callId);
      await dialog.hangUp(grace);
    }
  });
}
