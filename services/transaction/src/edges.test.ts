import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { referenceTo } from "@sipmesh/sip-core";
import { edgeAt, OWN, presence } from "./testing/presence.ts";

const PHONE = { address: "192.0.2.7", port: 5062 };
const OTHER = { address: "10.0.0.9", port: 5060 };

/** Behind a shared address. */
const shared = (id: string, more = {}) => edgeAt(id, more, OWN);

describe("the edges that are there", () => {
  const udp = { edge: "1", transport: "udp", local: OWN, remote: PHONE, connection: 0 } as const;
  const tcp = { ...udp, transport: "tcp", connection: 7 } as const;

  it("a UDP flow is used by its edge while that is there, then by who has its address", () => {
    const { edges, become } = presence([shared("0"), shared("1"), shared("2")]);
    assert.deepEqual(edges.flowOf(referenceTo(udp)), udp);
    become(edgeAt("0", {}, OTHER), shared("2"));
    assert.deepEqual(edges.flowOf(referenceTo(udp)), { ...udp, edge: "2" });
    become(edgeAt("0", {}, OTHER));
    assert.equal(edges.flowOf(referenceTo(udp)), undefined);
  });

  it("a connection is gone with its edge", () => {
    const { edges, become } = presence([shared("1")]);
    assert.equal(edges.flowOf(referenceTo(tcp))?.edge, "1");
    become(shared("2"));
    assert.equal(edges.flowOf(referenceTo(tcp)), undefined);
  });

  it("what begins anew goes by an edge that stays, what stands by the one that has it", () => {
    const { edges } = presence([shared("1", { leaving: true }), shared("2")]);
    assert.equal(edges.wayTo("gone", "udp", PHONE, "")?.edge, "2");
    assert.deepEqual(edges.flowOf(referenceTo(udp)), udp);
    assert.deepEqual([edges.leaves("1"), edges.leaves("2"), edges.leaves("gone")], [true, false, false]);
  });

  it("a request leaves by its edge while that is there, then by who has its address, else by any that reaches the peer", () => {
    const { edges, become } = presence([shared("1"), shared("2")]);
    const destination = { transport: "udp", address: PHONE, host: undefined };
    const toAddress = { edge: "1", transport: "udp", local: OWN, remote: PHONE } as const;
    const overFlow = { edge: "1", transport: "udp", local: OWN, flow: udp } as const;
    assert.deepEqual(edges.exitOf(toAddress), { edge: "1", destination });
    assert.deepEqual(edges.exitOf(overFlow), { edge: "1", flow: udp });
    become(edgeAt("0", {}, OTHER), shared("2"));
    assert.deepEqual(edges.exitOf(toAddress), { edge: "2", destination });
    assert.deepEqual(edges.exitOf(overFlow), { edge: "2", flow: { ...udp, edge: "2" } });
    become(edgeAt("0", {}, OTHER));
    assert.deepEqual(edges.exitOf(toAddress), { edge: "0", destination });
    assert.deepEqual(edges.exitOf(overFlow), { edge: "0", destination });
    become();
    assert.deepEqual(edges.exitOf(toAddress), { edge: "1", destination }, "nobody is there");
  });

  it("an edge of which nothing has been heard yet may be there", () => {
    const { edges } = presence([edgeAt("0", {}, OTHER)], undefined, false);
    const overFlow = { edge: "1", transport: "udp", local: OWN, flow: udp } as const;
    assert.deepEqual(edges.exitOf(overFlow), { edge: "1", flow: udp });
  });

  it("a request over a connection that is gone leaves by nobody else; one to an address does", () => {
    const { edges } = presence([shared("2")]);
    const over = { edge: "1", transport: "tcp", local: OWN, flow: tcp } as const;
    assert.deepEqual(edges.exitOf(over), { edge: "1", flow: tcp });
    const to = { edge: "1", transport: "tcp", local: OWN, remote: PHONE, host: undefined } as const;
    const destination = { transport: "tcp", address: PHONE, host: undefined };
    assert.deepEqual(edges.exitOf(to), { edge: "2", destination });
  });
});

describe("what means this platform in Route", () => {
  const names = { names: ["sip.example.com", "PBX.example.com:5070"], sentBy: "edges.example.com" };
  const { edges, become } = presence([edgeAt("1"), edgeAt("2", {}, { address: "192.0.2.1", port: 5090 })], names);
  const rows: readonly (readonly [host: string, port: number | undefined, own: boolean])[] = [
    ["10.0.0.1", 5060, true],
    ["10.0.0.1", undefined, true],
    ["10.0.0.1", 5090, false],
    ["192.0.2.1", 5090, true],
    ["192.0.2.1", undefined, false],
    ["sip.example.com", undefined, true],
    ["sip.example.com", 5060, false],
    ["pbx.example.com", 5070, true],
    ["pbx.example.com", undefined, false],
    ["edges.example.com", undefined, true],
    ["edges.example.com", 5060, true],
    ["edges.example.com", 5090, true],
    ["edges.example.com", 5070, false],
    ["other.example.com", undefined, false],
  ];
  for (const [host, port, own] of rows) {
    it(`${host}${port === undefined ? "" : `:${port}`} ${own ? "does" : "does not"}`, () =>
      assert.equal(edges.isOwn(host, port), own));
  }

  it("the name of all edges stays ours while none is there, and follows their ports", () => {
    become();
    assert.deepEqual(
      [edges.isOwn("edges.example.com", undefined), edges.isOwn("edges.example.com", 5060)],
      [true, false],
    );
    become(edgeAt("3"));
    assert.equal(edges.isOwn("edges.example.com", 5060), true);
  });
});
