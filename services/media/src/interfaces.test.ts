import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Facing, interfaceToward } from "./interfaces.ts";

const network: Facing = {
  ownAddresses: () => ["192.0.2.1", "2001:db8::1", "127.0.0.1"],
  localAddressToward: (remote: string) => (remote.includes(":") ? "2001:db8::1" : "192.0.2.1"),
};

const one = { address: "10.0.0.1", advertise: "203.0.113.1" };
const two = { address: "10.0.0.2" };
const six = { address: "2001:db8::2" };

describe("the interface that faces a peer", () => {
  for (const [what, toward, configured, bind, advertise] of [
    ["the edge's own address", "127.0.0.1", [], "127.0.0.1", "127.0.0.1"],
    ["the address that faces an edge elsewhere", "198.51.100.7", [], "192.0.2.1", "192.0.2.1"],
    ["in another spelling", "2001:DB8:0::1", [], "2001:db8::1", "2001:db8::1"],
    ["nothing known", "", [], "192.0.2.1", "192.0.2.1"],
    ["the configured one of that name", "10.0.0.2", [one, two], "10.0.0.2", "10.0.0.2"],
    ["the configured one that is advertised so", "203.0.113.1", [two, one], "10.0.0.1", "203.0.113.1"],
    ["the first of the family", "2001:db8::9", [one, six], "2001:db8::2", "2001:db8::2"],
    ["the first, for want of the family", "2001:db8::9", [one, two], "10.0.0.1", "203.0.113.1"],
    ["a wildcard tells what faces the edge", "198.51.100.7", [{ address: "0.0.0.0" }], "0.0.0.0", "192.0.2.1"],
  ] as const) {
    it(what, () =>
      assert.deepEqual(interfaceToward(toward, { interfaces: [...configured] }, network), { bind, advertise }),
    );
  }

  it("tells the address that is configured for all of them, where it is of the family", () => {
    const nat = { interfaces: [], advertise: "203.0.113.9" };
    assert.deepEqual(interfaceToward("198.51.100.7", nat, network), { bind: "192.0.2.1", advertise: "203.0.113.9" });
    const external = (own: string) => (own === "192.0.2.1" ? "203.0.113.77" : undefined);
    const told = (config: { advertise?: string }, toward: string) =>
      interfaceToward(toward, { interfaces: [], ...config }, network, external).advertise;
    assert.equal(told({}, "198.51.100.7"), "203.0.113.77", "as the node's external address is known");
    assert.equal(told(nat, "198.51.100.7"), "203.0.113.9", "what is set by hand wins");
    assert.equal(told({}, "2001:db8::1"), "2001:db8::1");
    assert.deepEqual(interfaceToward("2001:db8::1", nat, network), { bind: "2001:db8::1", advertise: "2001:db8::1" });
  });
});
