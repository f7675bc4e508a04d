import { after, before, describe, it } from "node:test";
import { busiest, kill, remove } from "../pods.ts";
import { type Site, sharedSite } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { assertNothingLost, strikeUnderLoad } from "../under-load.ts";

const WAYS = [
  { how: "kill −9", strike: kill },
  { how: "deletion", strike: remove },
] as const;

describe("one pod dies", { skip: noCluster() }, () => {
  let site: Site;
  before(async () => {
    site = await sharedSite();
  });
  after(async () => {
    await site?.close();
  });

  for (const component of ["routing", "location", "directory", "transaction"]) {
    for (const { how, strike } of WAYS) {
      it(`${how} of a pod of ${component}: no call is lost in set-up, while it rings, or while people talk`, async () => {
        const struck = await strikeUnderLoad(site, {
          name: `${how} of ${component}`,
          strike: async () => strike(site.release, await busiest(site.release, component), component),
        });
        assertNothingLost(struck);
      });
    }
  }
});
