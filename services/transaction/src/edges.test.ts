import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Cluster, Instance } from "@sipmesh/cluster";
import { referenceTo } from "@sipmesh/sip-core";
import { Edges } from "./edges.ts";

const OWN = { address: "10.0.0.1", port: 5060 };
const PHONE = { address: "192.0.2.7", port: 5062 };

function edge(id: string, more: Partial<Instance> = {}, advertised = OWN): Instance {
  const addresses = ["udp", "tcp"].map((transport) => ({ transport, address: `10.0.0.${id}`, port: 5060, advertised }));
  return { id, node: "n", targets: ["edge"], members: [], addresses, ...more };
}

/** What presence tells of edges, and the way to change it. */
function presence(...first: Instance[]) {
  let edges = first;
  let changed = () => {};
  const cluster = {
    instances: (target: string) => (target === "edge" ? edges : []),
    onChange(run: () => void) {
      changed = run;
      return { close() {} };
    },
  } as unknown as Cluster;
  return {
    edges: new Edges(cluster, []),
    become(...now: Instance[]) {
      edges = now;
      changed();
    },
  };
}

describe("the edges that are there", () => {
  const udp = { edge: "1", transport: "udp", local: OWN, remote: PHONE, connection: 0 } as const;
  const tcp = { ...udp, transport: "tcp", connection: 7 } as const;

  it("a UDP flow is used by its edge while that is there, then by who has its address", () => {
    const { edges, become } = presence(edge("0"), edge("1"), edge("2"));
    assert.deepEqual(edges.flowOf(referenceTo(udp)), udp);
    become(edge("0", {}, { address: "10.0.0.9", port: 5060 }), edge("2"));
    assert.deepEqual(edges.flowOf(referenceTo(udp)), { ...udp, edge: "2" });
    become(edge("0", {}, { address: "10.0.0.9", port: 5060 }));
    assert.equal(edges.flowOf(referenceTo(udp)), undefined);
  });

  it("a connection is gone with its edge", () => {
    const { edges, become } = presence(edge("1"));
    assert.equal(edges.flowOf(referenceTo(tcp))?.edge, "1");
    become(edge("2"));
    assert.equal(edges.flowOf(referenceTo(tcp)), undefined);
  });

  it("what begins anew goes by an edge that stays, what stands by the one that has it", () => {
    const { edges } = presence(edge("1", { leaving: true }), edge("2"));
    assert.equal(edges.wayTo("gone", "udp", PHONE, "")?.edge, "2");
    assert.deepEqual(edges.flowOf(referenceTo(udp)), udp);
    assert.deepEqual([edges.leaves("1"), edges.leaves("2"), edges.leaves("gone")], [true, false, false]);
  });

  it("a request leaves by its edge while that is there, then by who has its address, else by any that reaches the peer", () => {
    const { edges, become } = presence(edge("1"), edge("2"));
    const destination = { transport: "udp", address: PHONE, host: undefined };
    const toAddress = { edge: "1", transport: "udp", local: OWN, remote: PHONE } as const;
    const overFlow = { edge: "1", transport: "udp", local: OWN, flow: udp } as const;
    assert.deepEqual(edges.exitOf(toAddress), { edge: "1", destination });
    assert.deepEqual(edges.exitOf(overFlow), { edge: "1", flow: udp });
    const elsewhere = { address: "10.0.0.9", port: 5060 };
    become(edge("0", {}, elsewhere), edge("2"));
    assert.deepEqual(edges.exitOf(toAddress), { edge: "2", destination });
    assert.deepEqual(edges.exitOf(overFlow), { edge: "2", flow: { ...udp, edge: "2" } });
    become(edge("0", {}, elsewhere));
    assert.deepEqual(edges.exitOf(toAddress), { edge: "0", destination });
    assert.deepEqual(edges.exitOf(overFlow), { edge: "0", destination });
    become();
    assert.deepEqual(edges.exitOf(toAddress), { edge: "1", destination }, "nobody is there");
  });

  it("a request over a connection that is gone leaves by nobody else; one to an address does", () => {
    const { edges } = presence(edge("2"));
    const over = { edge: "1", transport: "tcp", local: OWN, flow: tcp } as const;
    assert.deepEqual(edges.exitOf(over), { edge: "1", flow: tcp });
    const to = { edge: "1", transport: "tcp", local: OWN, remote: PHONE, host: undefined } as const;
    const destination = { transport: "tcp", address: PHONE, host: undefined };
    assert.deepEqual(edges.exitOf(to), { edge: "2", destination });
  });
});
