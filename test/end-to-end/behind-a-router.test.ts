import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  type Baresip,
  mayNotMakeNetworks,
  missing,
  NattedNetwork,
  type Platform,
  startPlatform,
  UDP_TIMEOUT,
  writeTone,
} from "@sipmesh/drivers";
import { baresip, heard, newFolder } from "./clients.ts";

// One shape is enough: what keeps a mapping open is the edge alone, and the split shape would need its own NATS in there.
describe("a phone behind a masquerading router", { skip: mayNotMakeNetworks() || missing("baresip") }, () => {
  let network: NattedNetwork;
  let platform: Platform;
  let inside: Baresip;
  let outside: Baresip;

  before(async () => {
    network = await NattedNetwork.make();
    platform = await startPlatform({ shape: "all", within: network.on("platform"), address: network.platformAddress });
    const wave = join(newFolder(), "tone.wav");
    writeTone(wave, 1_000, 60);
    const on = { address: network.insideAddress, within: network.on("inside") };
    // It registers once and stays silent: only the platform can keep the router's mapping alive.
    inside = await baresip(platform, "b", "bob", { ...on, wave, answers: "auto", registerInterval: 3_600 });
    outside = await baresip(platform, "a", "alice", {
      address: network.platformAddress,
      within: network.on("platform"),
    });
    await Promise.all([inside.registered(), outside.registered()]);
  });
  after(async () => {
    await Promise.all([inside?.stop(), outside?.stop()]);
    await platform?.stop();
    await network?.remove();
  });

  it("is still called, and both hear each other, after it was idle for three time-outs of the router", async () => {
    await pause(3 * UDP_TIMEOUT * 1_000 + 1_000);
    await outside.control("dial", `sip:bob@${platform.address}`);
    await outside.program.waitFor(/Call established/, 10_000);
    await pause(3_500);
    await outside.control("hangup");
    await heard(inside.recording("dec").at(-1), 400);
    await heard(outside.recording("dec").at(-1), 1_000);
  });
});
