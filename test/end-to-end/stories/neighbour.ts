import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { missing, Program } from "@sipmesh/drivers";
import { newFolder } from "../clients.ts";
import { type Phone, sdp } from "../wire/phone.ts";
import { type PhoneShop, PORTS } from "./site.ts";

const CONFIGURATION = new URL("../../bench/scenarios/kamailio.cfg", import.meta.url).pathname;

/** Another proxy next to ours, with phones of its own. */
export function neighbour(phones: PhoneShop): void {
  const skip = missing("kamailio");
  let kamailio: Program;
  let alice: Phone;
  let kate: Phone;

  before(async () => {
    if (skip !== false) return;
    const folder = newFolder();
    const file = join(folder, "kamailio.cfg");
    const listen = `listen=udp:127.0.0.1:${PORTS.neighbour}`;
    writeFileSync(file, readFileSync(CONFIGURATION, "utf8").replace(/^listen=.*$/m, listen));
    const args = ["-f", file, "-DD", "-E", "-m", "32", "-M", "4", "-Y", folder];
    kamailio = new Program({ command: "kamailio", args });
    alice = await phones.open("alice");
    kate = await phones.open("kate", { domain: "neighbour.test", proves: false });
    const place = { address: "127.0.0.1", port: PORTS.neighbour };
    const register = kate.request("REGISTER", "sip:neighbour.test", { fields: [["Contact", `<${kate.contact}>`]] });
    for (let n = 0; n < 50 && kate.heard("200 REGISTER") === 0; n += 1) {
      kate.send(register, place);
      await kate.next("200 REGISTER", undefined, 100).catch(() => undefined);
    }
    kate.talksTo(place);
    assert.ok(kate.heard("200 REGISTER") > 0, kamailio.output.slice(-2_000));
  });
  after(async () => {
    await kamailio?.stop();
  });

  for (const from of ["caller", "callee"] as const) {
    it(`calls a phone of Kamailio's; the ${from} hangs up through both proxies`, { skip }, async () => {
      const call = await alice.invite("sip:kate@neighbour.test");
      const invite = await kate.next("INVITE", call.callId);
      assert.equal(invite.all("Via").length, 3);
      assert.equal(invite.list("Record-Route").length, 2);
      assert.equal(invite.first("Proxy-Authorization"), "");
      kate.reply(invite, 180);
      await call.next("180");
      kate.reply(invite, 200, { body: sdp(7_000) });
      const dialog = await call.answered();
      assert.equal(dialog.routes.length, 2);
      await kate.next("ACK", call.callId);
      if (from === "caller") await dialog.hangUp(kate);
      else await kate.dialogOf(invite).hangUp(alice);
    });
  }

  it("cancels a call through both proxies", { skip }, async () => {
    const call = await alice.invite("sip:kate@neighbour.test");
    const invite = await kate.next("INVITE", call.callId);
    kate.reply(invite, 180);
    await call.next("180");
    call.cancel();
    kate.reply(await kate.next("CANCEL", call.callId), 200);
    kate.reply(invite, 487);
    assert.equal((await call.fails()).status, 487);
  });

  it("tells what Kamailio answers: 404 for a phone that it does not know", { skip }, async () => {
    assert.equal((await (await alice.invite("sip:nobody@neighbour.test")).fails()).status, 404);
  });
}
