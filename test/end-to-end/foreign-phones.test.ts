import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type Baresip, Capture, type Linphone, writeTone } from "@sipmesh/drivers";
import { baresip, heard, linphone, newFolder } from "./clients.ts";
import { inEveryShape } from "./shapes.ts";

/** Seconds of talk: the recordings are judged by their second to third second. */
const TALK = 3_500;

inEveryShape("phones that we did not write", { needs: ["baresip", "linphonec", "tshark"] }, (platform) => {
  const folder = newFolder();
  const wave = join(folder, "tone.wav");
  let capture: Capture;
  let alice: Baresip;
  let bob: Baresip;
  let carol: Linphone;

  before(async () => {
    writeTone(wave, 1_000, 60);
    capture = await Capture.start({ folder, name: "phones", sipPorts: platform().sipPorts });
    alice = await baresip(platform(), "a", "alice");
    // Where there are two edges, caller and callee are at different ones.
    bob = await baresip(platform(), "b", "bob", { wave, answers: "auto", server: platform().otherServer });
    carol = await linphone(platform(), "carol");
  });
  after(async () => {
    await Promise.all([alice?.stop(), bob?.stop(), carol?.stop()]);
    await capture?.stop();
  });

  it("registers them with digest authentication", async () => {
    await Promise.all([alice.registered(), bob.registered(), carol.registered()]);
    assert.equal(await platform().registrations(), 3);
  });

  it("connects a call between two baresips: both hear the other's tone, and the caller hangs up", async () => {
    await alice.control("dial", `sip:bob@${platform().address}`);
    await alice.program.waitFor(/Call established/, 10_000);
    const relayed = await platform().relayedPackets();
    await pause(TALK);
    await alice.control("hangup");
    await bob.program.waitFor(/terminated|Connection reset by peer|session closed|Call with .* terminated/i, 5_000);
    await heard(alice.recording("dec").at(-1), 1_000);
    await heard(bob.recording("dec").at(-1), 400);
    const more = (await platform().relayedPackets()) - relayed;
    assert.ok(more > 200, `the media service relays the audio (${more} packets)`);
  });

  it("lets the called side hang up as well", async () => {
    const from = alice.program.output.length;
    await alice.control("dial", `sip:bob@${platform().address}`);
    await alice.program.waitFor(/Call established/, 10_000, from);
    await pause(500);
    await bob.control("hangup");
    await alice.program.waitFor(/terminated|closed|reset/i, 5_000, from);
  });

  it("connects linphonec to a baresip, with audio both ways", async () => {
    const recording = join(folder, "carol.wav");
    const from = carol.program.output.length;
    carol.program.type(`record ${recording}`);
    carol.program.type(`call sip:bob@${platform().address}`);
    await carol.program.waitFor(/Media streams established/, 10_000, from);
    const other = join(folder, "other.wav");
    writeTone(other, 700, 30);
    carol.program.type(`play ${other}`);
    await pause(TALK);
    carol.program.type("terminate");
    await carol.program.waitFor(/ended/, 5_000, from);
    await heard(recording, 1_000);
    await heard(bob.recording("dec").at(-1), 700);
  });

  it("rings linphonec, which answers a baresip's call", async () => {
    const from = carol.program.output.length;
    const aliceFrom = alice.program.output.length;
    await alice.control("dial", `sip:carol@${platform().address}`);
    await carol.program.waitFor(/is contacting you|Receiving new incoming call/i, 10_000, from);
    carol.program.type("answer");
    await alice.program.waitFor(/Call established/, 5_000, aliceFrom);
    await pause(500);
    await alice.control("hangup");
    await carol.program.waitFor(/ended/, 5_000, from);
  });

  it("sends nothing that Wireshark calls malformed, and leaves no media session behind", async () => {
    await capture.stop();
    assert.deepEqual(await capture.malformed(platform().sipPorts), []);
    const seen = await capture.read("sip.Status-Code == 200", ["frame.number"]);
    assert.ok(seen.length > 10, "the capture saw the calls");
    await platform().until(async () => (await platform().mediaSessions()) === 0, 5_000);
  });
});
