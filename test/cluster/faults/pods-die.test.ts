import { after, before, describe, it } from "node:test";
import { busiest, kill, remove } from "../pods.ts";
import { type Site, sharedSite } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { assertNothingLost, strikeInTurn } from "../under-load.ts";

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

  for (const { how, strike } of WAYS) {
    it(`${how} of a pod of each: no call is lost in set-up, while it rings, or while people talk`, async () => {
      const faults = ["routing", "location", "directory", "transaction"].map((component) => ({
        name: `${how} of ${component}`,
        strike: async () => strike(site.release, await busiest(site.release, component), component),
      }));
      assertNothingLost(await strikeInTurn(site, faults));
    });
  }
});
