import { after, before, describe, it } from "node:test";
import { nodes } from "../nodes.ts";
import { type Site, sharedSite } from "../site.ts";
import { able, noCluster } from "../surroundings.ts";
import { assertNothingLost, strikeUnderLoad } from "../under-load.ts";
import { until } from "../until.ts";

/** Calls that are placed while the node is away. */
const MEANWHILE = 100;

describe("a node dies", { skip: noCluster() }, () => {
  let site: Site;
  before(async () => {
    site = await sharedSite();
  });
  after(async () => {
    await able("restoreNodes", [], 240_000);
    await site?.close();
  });

  it("calls whose edge is elsewhere go on, and the platform is whole again without a hand", async () => {
    const led = site.balancer?.node;
    const transactions = await site.release.pods("transaction");
    const all = await nodes();
    const elsewhere = all.filter(({ number }) => number !== led);
    // One that owns calls, where there is one.
    const doomed = elsewhere.find(({ name }) => transactions.some((pod) => pod.node === name)) ?? elsewhere[0];
    if (doomed === undefined) throw new Error("there is only one node");
    const struck = await strikeUnderLoad(site, {
      name: "power cut of a node",
      strike: async (load) => {
        await able("killNode", [doomed.number], 60_000);
        await until(
          async () => (await nodes()).find((one) => one.name === doomed.name && !one.ready),
          60_000,
          "noticed",
        );
        await load.goesOn(MEANWHILE);
      },
      healed: async () => {
        await able("restoreNodes", [], 240_000);
        await until(
          async () => ((await nodes()).every(({ ready }) => ready) ? true : undefined),
          120_000,
          "nodes ready",
        );
        await site.release.settled();
      },
    });
    assertNothingLost(struck);
  });
});
