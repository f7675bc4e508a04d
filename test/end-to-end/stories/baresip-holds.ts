import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type Baresip, missing, type Platform, writeTone } from "@sipmesh/drivers";
import { baresip, newFolder } from "../clients.ts";

/** Both sides send 50 packets a second. */
const ONE_WAY = 50;

/** Two baresips that put one another on hold. */
export function baresipHolds(platform: () => Platform): void {
  const skip = missing("baresip");
  let henry: Baresip;
  let ida: Baresip;

  before(async () => {
    if (skip !== false) return;
    const wave = join(newFolder(), "tone.wav");
    writeTone(wave, 1_000, 60);
    const domain = "sipmesh.test";
    henry = await baresip(platform(), "a", "henry", { domain });
    ida = await baresip(platform(), "b", "ida", { wave, answers: "auto", domain });
    await Promise.all([henry.registered(), ida.registered()]);
  });
  after(async () => {
    await Promise.all([henry?.stop(), ida?.stop()]);
  });

  const perSecond = async (): Promise<number> => {
    const before = await platform().relayedPackets();
    const began = Date.now();
    await pause(900);
    return (((await platform().relayedPackets()) - before) * 1_000) / (Date.now() - began);
  };

  it("hold and resume from either side, with audio both ways again afterwards", { skip }, async () => {
    await henry.control("dial", "sip:ida@sipmesh.test");
    await henry.program.waitFor(/Call established/, 10_000);
    await pause(300);
    const talking = await perSecond();
    assert.ok(talking > 1.6 * ONE_WAY, `${talking} packets a second before`);
    for (const side of [henry, ida]) {
      await side.control("hold");
      await pause(300);
      const held = await perSecond();
      assert.ok(held < 1.3 * ONE_WAY, `${held} packets a second on hold`);
      await side.control("resume");
      await pause(300);
      const resumed = await perSecond();
      assert.ok(resumed > 1.6 * ONE_WAY, `${resumed} packets a second afterwards`);
    }
    await henry.control("hangup");
    await ida.program.waitFor(/terminated|closed|reset/i, 5_000);
  });
}
