import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { OVER_UDP } from "../load.ts";
import { nodes } from "../nodes.ts";
import { edgeAt, kill } from "../pods.ts";
import { type Site, siteOnNodes } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { assertNothingLost, assertToldInTime, strikeUnderLoad } from "../under-load.ts";
import { WatchedPods } from "../watched-pods.ts";

describe("an edge with its node's address", { skip: noCluster() }, () => {
  let hosts: Site;
  before(async () => {
    hosts = await siteOnNodes(`sipmesh-hosts-${process.pid}`);
  });
  after(async () => {
    await hosts?.close();
    await hosts?.release.remove();
  });

  it("dies: its set-ups may fail, in bounded time; established calls go on, and peers register anew", async () => {
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

  it("is rolled out, one node after the other: what comes over UDP while a node has none comes again", async (t) => {
    const [node] = await nodes();
    assert.ok(node !== undefined);
    let without: readonly (readonly string[])[] = [];
    const struck = await strikeUnderLoad(hosts, {
      name: "rollout restart of edges on their nodes' addresses",
      remote: `${node.address}:5060`,
      strike: async () => {
        const edges = await WatchedPods.start(hosts.release, "edge");
        try {
          await hosts.release.kubectl("rollout", "restart", "daemonset/sipmesh-edge");
          await hosts.release.kubectl("rollout", "status", "daemonset/sipmesh-edge", "--timeout=180s");
          without = edges.without;
        } finally {
          await edges.stop();
        }
      },
      load: { flows: OVER_UDP },
    });
    t.diagnostic(`nodes without an edge: ${without.map((names) => names.join(" and ") || "none").join(", ")}`);
    const rolled = without.flat();
    for (const { name } of await nodes()) assert.ok(rolled.includes(name), `the edge of ${name} was rolled out`);
    for (const names of without) assert.ok(names.length <= 1, `${names.join(" and ")} had no edge at the same time`);
    assertNothingLost(struck);
  });
});
