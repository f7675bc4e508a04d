import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { OVER_UDP } from "../load.ts";
import { nodes } from "../nodes.ts";
import { edgeAt, kill } from "../pods.ts";
import { type Site, siteOnNodes } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { assertToldInTime, strikeUnderLoad } from "../under-load.ts";

describe("an edge with its node's address dies", { skip: noCluster() }, () => {
  let hosts: Site;
  before(async () => {
    hosts = await siteOnNodes(`sipmesh-hosts-${process.pid}`);
  });
  after(async () => {
    await hosts?.close();
    await hosts?.release.remove();
  });

  it("its set-ups may fail, in bounded time; established calls go on, and peers register anew", async () => {
    const [node] = await nodes();
    assert.ok(node !== undefined);
    const struck = await strikeUnderLoad(hosts, {
      name: "kill −9 of an edge on its node's address",
      remote: `${node.address}:5060`,
      strike: async () => kill(hosts.release, await edgeAt(hosts.release, node.number), "edge"),
      load: { flows: OVER_UDP },
    });
    assertToldInTime(struck);
    const lost = struck.outcomes.reduce((sum, outcome) => sum + outcome.lost, 0);
    const { phases, begunMeanwhile } = struck;
    assert.ok(lost <= phases.settingUp + phases.ringing + begunMeanwhile, `${lost} lost`);
  });
});
