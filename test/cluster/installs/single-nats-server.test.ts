import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { IMAGES } from "../images.ts";
import { kill, oneOf } from "../pods.ts";
import { balancedSite, CONFIG, type Site } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { assertToldInTime, strikeUnderLoad } from "../under-load.ts";

describe("the only NATS server", { skip: noCluster() }, () => {
  let small: Site;
  before(async () => {
    small = await balancedSite(`sipmesh-single-${process.pid}`, {
      nats: { ...IMAGES.nats, replicas: 1 },
      // Phones ring for as long as usual: who answers while NATS is away says so again for 32 s, and is to be heard.
      config: { ...CONFIG, routing: {} },
    });
  });
  after(async () => {
    await small?.close();
    await small?.release.remove();
  });

  it("dies: who calls meanwhile is told so in bounded time, then all is as before, registrations too", async () => {
    const struck = await strikeUnderLoad(small, {
      name: "kill −9 of the only NATS server",
      strike: async () => kill(small.release, await oneOf(small.release, "nats"), "nats"),
    });
    assertToldInTime(struck);
    // Nobody registered anew: calls that were placed after the fault reached who had registered before.
    const lost = struck.outcomes.reduce((sum, outcome) => sum + outcome.lost, 0);
    const { phases, begunMeanwhile } = struck;
    assert.ok(lost <= phases.settingUp + phases.ringing + begunMeanwhile, `${lost} lost`);
  });

  it("is away for long: 503; comes back: calls go through to who registered before", async () => {
    const struck = await strikeUnderLoad(small, {
      name: "the only NATS server away for 50 calls",
      strike: async (load) => {
        await small.release.kubectl("scale", "statefulset/sipmesh-nats", "--replicas=0");
        await small.release.exactly(0, "nats");
        await load.begins(50);
        await small.release.kubectl("scale", "statefulset/sipmesh-nats", "--replicas=1");
        await small.release.exactly(1, "nats");
      },
    });
    assertToldInTime(struck);
  });
});
