import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Flow } from "../load.ts";
import { type Node, nodes } from "../nodes.ts";
import type { Pod } from "../release.ts";
import { type Site, sharedSite } from "../site.ts";
import { noCluster } from "../surroundings.ts";
import { assertNothingLost, strikeUnderLoad } from "../under-load.ts";
import { until } from "../until.ts";

/** Each call has a connection of its own, and those who are called have one for all. */
const FLOWS: readonly Flow[] = [
  { kind: "answered", rate: 8, transport: "tn" },
  { kind: "cancelled", rate: 2, transport: "tn" },
];
/** Calls that are placed while the edge is on its way. */
const MEANWHILE = 60;

/** A connection, as an edge's state shows it. */
interface Connection {
  readonly remote: { readonly port: number };
  /** When it was made, in milliseconds since 1970. */
  readonly since: number;
}

interface Edge {
  readonly leaving: boolean;
  readonly connections: { readonly count: number; readonly first: readonly Connection[] };
}

describe("an edge behind a Service is told to go", { skip: noCluster() }, () => {
  let site: Site;
  /** As many as there were, and as many as a test needs. */
  let edges = 0;
  before(async () => {
    site = await sharedSite();
    edges = (await site.release.pods("edge")).filter(({ leaving }) => !leaving).length;
  });
  after(async () => {
    if (edges > 0) await scale(edges);
    await site?.close();
  });

  const scale = async (replicas: number) => {
    await site.release.kubectl("scale", "deployment/sipmesh-edge", `--replicas=${replicas}`);
    await site.release.exactly(replicas, "edge");
  };
  const stateOf = async ({ name }: Pod) => (await site.release.stateOf(name, "edge")) as Edge;
  const edgesAt = async (node: Node) =>
    (await site.release.pods("edge")).filter((pod) => pod.node === node.name && pod.ready && !pod.leaving);
  const portsOf = ({ connections }: Edge) => connections.first.map(({ remote }) => remote.port);

  // The balancer that is played knows no connections: led to another node, it would break them. So there are two edges at one node.
  it("its TCP connections go on until their calls have ended, new ones go elsewhere, and then it is gone", async () => {
    const all = await nodes();
    await site.release.freshened();
    await scale(all.length + 1);
    const crowded = (await Promise.all(all.map(edgesAt))).findIndex((pods) => pods.length > 1);
    const node = all[crowded];
    assert.ok(node !== undefined, "two edges are at one node");
    await site.balancer?.lead(node.number);

    let going: Pod | undefined;
    const struck = await strikeUnderLoad(site, {
      name: "deletion of an edge that has TCP connections",
      load: { flows: FLOWS, registering: 0 },
      strike: async (load) => {
        const pods = await edgesAt(node);
        const eldest = (await Promise.all(pods.map(stateOf))).map(({ connections }) =>
          Math.min(...connections.first.map(({ since }) => since)),
        );
        // Who is called was there before who calls: one of these connections lasts as long as the load.
        going = pods[eldest.indexOf(Math.min(...eldest))];
        assert.ok(going !== undefined);
        const leaver = going;
        await site.release.kubectl("delete", "pod", leaver.name, "--wait=false");
        const left = await until(
          async () => {
            const state = await stateOf(leaver);
            return state.leaving ? state : undefined;
          },
          30_000,
          "the edge takes no new connections",
        );
        assert.ok(left.connections.count > 1, "calls were under way over it");
        await load.goesOn(MEANWHILE);
        const now = await stateOf(leaver);
        const fresh = portsOf(now).filter((port) => !portsOf(left).includes(port));
        assert.deepEqual(fresh, [], "connections that came after it had begun to leave");
        assert.ok(now.connections.count > 0, "who is called over it is called over it still");
        const others = await Promise.all((await edgesAt(node)).map(stateOf));
        const elsewhere = others.reduce((sum, { connections }) => sum + connections.count, 0);
        assert.ok(elsewhere > 0, "new ones came to the edge beside it");
      },
    });
    assertNothingLost(struck);
    // Minutes before its grace period would be over.
    if (going !== undefined) await site.release.gone(going, "edge");
  });
});
