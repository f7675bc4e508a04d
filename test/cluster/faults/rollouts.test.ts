import { after, before, describe, it } from "node:test";
import { OVER_UDP } from "../load.ts";
import { type Site, sharedSite } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { assertNothingLost, strikeInTurn, strikeUnderLoad } from "../under-load.ts";

const WORKLOADS = [
  "deployment/sipmesh-transaction",
  "deployment/sipmesh-routing",
  "deployment/sipmesh-location",
  "deployment/sipmesh-directory",
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

  const rollout = (workload: string) => ({
    name: `rollout restart of ${workload.replace(/.*-/, "")}`,
    strike: async () => {
      await site.release.kubectl("rollout", "restart", workload);
      await site.release.kubectl("rollout", "status", workload, "--timeout=180s");
    },
  });

  it("of each component but edge, one after the other, loses no call", async () => {
    assertNothingLost(await strikeInTurn(site, WORKLOADS.map(rollout)));
  });

  // The address is led to another node meanwhile, where nobody knows the connections: edge-leaves.test.ts is about those.
  it("of edge loses no call over UDP", async () => {
    assertNothingLost(
      await strikeUnderLoad(site, { ...rollout("deployment/sipmesh-edge"), load: { flows: OVER_UDP } }),
    );
  });
});
