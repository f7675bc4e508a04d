import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type Baresip, Capture, type Platform, writeTone } from "@sipmesh/drivers";
import { baresip, heard, newFolder } from "./clients.ts";
import { inEveryShape } from "./shapes.ts";
import { phoneShop } from "./stories/site.ts";
import { type Phone, sdp } from "./wire/phone.ts";
import { Sound } from "./wire/sound.ts";

/** Milliseconds from the start of the process that follows until audio is heard again. */
const BOUND = 3_000;

/** The process that relays: killed and started again, alone or with all that there is. */
const relaying = (platform: Platform) => (platform.nats === undefined ? "all" : "media");

const open = { name: "open.test", authenticate: false, openToStrangers: true, anyUser: true };
const users = ["alice", "bob"].map((user) => ({ user, password: "secret" }));
const domains = [{ name: "sipmesh.test", ownAddresses: true, subscribers: users }, open];

inEveryShape(
  "kill −9 of the relay in the middle of a call",
  { needs: ["baresip", "tshark"], platform: { config: { directory: { domains } } } },
  (platform) => {
    describe("under two baresips", () => {
      const folder = newFolder();
      const wave = join(folder, "tone.wav");
      let capture: Capture;
      let alice: Baresip;
      let bob: Baresip;

      before(async () => {
        writeTone(wave, 1_000, 60);
        alice = await baresip(platform(), "a", "alice");
        bob = await baresip(platform(), "b", "bob", { wave, answers: "auto", server: platform().otherServer });
        await Promise.all([alice.registered(), bob.registered()]);
        capture = await Capture.start({ folder, name: "survives", sipPorts: platform().sipPorts });
      });
      after(async () => {
        await Promise.all([alice?.stop(), bob?.stop()]);
      });

      it("is heard by nobody but as a gap: audio goes on on the same ports, and no phone is told anything", async () => {
        await alice.control("dial", `sip:bob@${platform().address}`);
        await alice.program.waitFor(/Call established/, 10_000);
        await platform().until(async () => (await platform().relayedPackets()) > 50, 5_000);
        await platform().kill(relaying(platform()));
        await platform().resume(relaying(platform()));
        const began = performance.now();
        await platform().until(async () => (await relayed(platform())) > 0, BOUND);
        const milliseconds = Math.round(performance.now() - began);
        assert.ok(milliseconds < BOUND, `${milliseconds} ms`);
        await pause(3_000);
        await capture.stop();
        const methods = await capture.read("sip.CSeq.method == INVITE || sip.CSeq.method == BYE", ["sip.Method"]);
        assert.ok(methods.flat().filter((method) => method === "INVITE").length <= 6, `${methods.flat()}`);
        assert.ok(!methods.flat().includes("BYE"));
        await alice.control("hangup");
        // They hold three seconds only where most of it was heard after the fault.
        await heard(alice.recording("dec").at(-1), 1_000);
        await heard(bob.recording("dec").at(-1), 400);
        await platform().until(async () => (await platform().mediaSessions()) === 0, 10_000);
      });
    });

    describe("whatever comes next in the call", () => {
      const phones = phoneShop(platform);
      let caller: Phone;
      let callee: Phone;
      let own: Sound;
      let other: Sound;

      before(async () => {
        await platform().ready();
        caller = await phones.open("sue", { domain: "open.test" });
        callee = await phones.open("sam", { domain: "open.test" });
        own = await Sound.open();
        other = await Sound.open();
        assert.equal((await callee.register()).status, 200);
      });
      after(() => {
        own?.close();
        other?.close();
      });

      const established = async () => {
        const call = await caller.invite("sam", { body: sdp(own.port) });
        const invite = await callee.next("INVITE", call.callId);
        callee.reply(invite, 200, { body: sdp(other.port) });
        const answer = await call.next("200");
        const dialog = call.dialog(answer);
        dialog.ack();
        await callee.next("ACK", call.callId);
        await own.reaches(other, answer.audioPort, "before");
        await other.reaches(own, invite.audioPort, "before, too");
        return { call, dialog, forCaller: answer.audioPort, forCallee: invite.audioPort };
      };

      it("finds who follows: a call is held and taken up again on its ports, and ends without a trace", async () => {
        const { call, dialog, forCaller, forCallee } = await established();
        await platform().kill(relaying(platform()));
        await platform().resume(relaying(platform()));
        await platform().ready();
        for (const [version, direction] of [
          [2, "sendonly"],
          [3, "sendrecv"],
        ] as const) {
          dialog.send("INVITE", { body: sdp(own.port, direction, version) });
          const again = await callee.next("INVITE", call.callId);
          assert.equal(again.audioPort, forCallee);
          callee.reply(again, 200, { body: sdp(other.port, "sendrecv", version) });
          assert.equal((await call.next("200")).audioPort, forCaller);
          dialog.ack();
          await callee.next("ACK", call.callId);
        }
        await own.reaches(other, forCaller, "after");
        await other.reaches(own, forCallee, "after, too");
        await dialog.hangUp(callee);
        await platform().until(async () => (await platform().mediaSessions()) === 0, 10_000);
      });

      it("waits for who follows, where it comes while nobody relays", async (t) => {
        if (relaying(platform()) === "all") return t.skip("nobody is there to wait where all is one process");
        const { call, dialog, forCaller, forCallee } = await established();
        await platform().kill("media");
        dialog.send("INVITE", { body: sdp(own.port, "sendrecv", 2) });
        await platform().resume("media");
        const again = await callee.next("INVITE", call.callId);
        assert.equal(again.audioPort, forCallee);
        callee.reply(again, 200, { body: sdp(other.port, "sendrecv", 2) });
        assert.equal((await call.next("200")).audioPort, forCaller);
        dialog.ack();
        await own.reaches(other, forCaller, "after");
        await platform().kill("media");
        await dialog.hangUp(callee);
        await platform().resume("media");
        await platform().ready();
        await platform().until(async () => (await platform().mediaSessions()) === 0, 10_000);
      });
    });
  },
);

/** Packets relayed, where the process answers already. */
async function relayed(platform: Platform): Promise<number> {
  return await platform.relayedPackets().catch(() => 0);
}
