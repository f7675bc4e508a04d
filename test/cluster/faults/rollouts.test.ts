import { after, before, describe, it } from "node:test";
import { type Site, sharedSite } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { assertNothingLost, strikeInTurn } from "../under-load.ts";

const WORKLOADS = [
  "deployment/sipmesh-transaction",
  "deployment/sipmesh-routing",
  "deployment/sipmesh-location",
  "deployment/sipmesh-directory",
  "deployment/sipmesh-edge",
  "statefulset/sipmesh-nats",
];

describe("a rollout", { skip: noCluster() }, () => {
  let site: Site;
  before(async () => {
    site = await sharedSite();
  });
  after(async () => {
    await site?.close();
  });

  it("of each component, one after the other, loses no call", async () => {
    const faults = WORKLOADS.map((workload) => ({
      name: `rollout restart of ${workload.replace(/.*-/, "")}`,
      strike: async () => {
        await site.release.kubectl("rollout", "restart", workload);
        await site.release.kubectl("rollout", "status", workload, "--timeout=180s");
      },
    }));
    assertNothingLost(await strikeInTurn(site, faults));
  });
});
