import { after, before, describe, it } from "node:test";
import { type Site, sharedSite } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { assertNothingLost, strikeUnderLoad } from "../under-load.ts";

/** Calls that are placed with the greater number of pods. */
const MEANWHILE = 60;

describe("the number of transaction pods", { skip: noCluster() }, () => {
  let site: Site;
  before(async () => {
    site = await sharedSite();
  });
  after(async () => {
    await site?.close();
  });

  it("grows from 2 to 4 and comes back, and no call is lost", async () => {
    const scale = async (replicas: number) => {
      await site.release.kubectl("scale", "deployment/sipmesh-transaction", `--replicas=${replicas}`);
      await site.release.exactly(replicas, "transaction");
    };
    assertNothingLost(
      await strikeUnderLoad(site, {
        name: "transaction 2 → 4 → 2",
        strike: async (load) => {
          await scale(4);
          await load.goesOn(MEANWHILE);
          await scale(2);
        },
      }),
    );
  });
});
