import { after, before, describe, it } from "node:test";
import { bindingsLeader, kill, remove } from "../pods.ts";
import { type Site, sharedSite } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { assertNothingLost, strikeUnderLoad } from "../under-load.ts";

const WAYS = [
  { how: "kill −9", strike: kill },
  { how: "deletion", strike: remove },
] as const;

describe("the NATS server that leads the bindings dies", { skip: noCluster() }, () => {
  let site: Site;
  before(async () => {
    site = await sharedSite();
  });
  after(async () => {
    await site?.close();
  });

  for (const { how, strike } of WAYS) {
    it(`${how}: no call is lost in set-up, while it rings, or while people talk, and whoever registered is reached`, async () => {
      assertNothingLost(
        await strikeUnderLoad(site, {
          name: `${how} of the NATS server that leads the bindings, of three`,
          strike: async () => strike(site.release, await bindingsLeader(site.release), "nats"),
        }),
      );
    });
  }
});
