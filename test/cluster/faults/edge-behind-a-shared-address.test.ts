import { after, before, describe, it } from "node:test";
import { OVER_UDP } from "../load.ts";
import { edgeAt, kill, remove } from "../pods.ts";
import { type Site, sharedSite } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { assertNothingLost, strikeUnderLoad } from "../under-load.ts";

describe("an edge behind a shared address dies", { skip: noCluster() }, () => {
  let shared: Site;
  before(async () => {
    shared = await sharedSite();
  });
  after(async () => {
    await shared?.close();
  });

  for (const { how, strike } of [
    { how: "kill −9", strike: kill },
    { how: "deletion", strike: remove },
  ]) {
    it(`${how}: set-ups over UDP survive it, as do calls that ring and people who talk`, async () => {
      const struck = await strikeUnderLoad(shared, {
        name: `${how} of the edge, shared address, UDP`,
        strike: async () => strike(shared.release, await edgeAt(shared.release, shared.balancer?.node), "edge"),
        load: { flows: OVER_UDP },
      });
      assertNothingLost(struck);
    });
  }
});
