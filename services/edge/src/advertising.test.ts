import assert from "node:assert/strict";
import { isIPv4 } from "node:net";
import { describe, it } from "node:test";
import { encodePlace, nodeKey, PLACES, type ServicePlace, serviceKey } from "@sipmesh/runtime";
import { memoryStore } from "@sipmesh/store";
import { systemNetwork } from "@sipmesh/transport";
import { advertisedAs } from "./advertising.ts";
import type { Place } from "./listening.ts";
import { startPlatform, until } from "./testing/platform.ts";

const BOUND = { address: "10.0.0.1", port: 5060 };
const node = { external: ["203.0.113.1"], internal: ["10.0.0.1"], unschedulable: false };
const ports = [
  { transport: "tcp", port: 5061, nodePort: 31_061 },
  { transport: "udp", port: 5070, nodePort: 31_060 },
];
const balancer: ServicePlace = { type: "LoadBalancer", addresses: ["2001:db8::9", "203.0.113.9"], ports };

function told(place: Partial<Place>, around: { node?: typeof node; service?: ServicePlace } = {}, bound = BOUND) {
  const whole: Place = {
    transport: "udp",
    ...bound,
    wildcard: false,
    advertise: undefined,
    service: undefined,
    node: false,
    ...place,
  };
  return advertisedAs(whole, bound, { node: () => around.node, service: () => around.service });
}

describe("what peers are told", () => {
  it("is what was set by hand, whatever else is known", () => {
    const advertise = { address: "198.51.100.1", port: 5080 };
    assert.deepEqual(told({ advertise, service: "sip", node: true }, { node, service: balancer }), advertise);
  });

  it("is the load balancer's address of that family, and the Service's port of that transport", () => {
    assert.deepEqual(told({ service: "sip" }, { node, service: balancer }), { address: "203.0.113.9", port: 5070 });
    const bound = { address: "2001:db8::1", port: 5060 };
    assert.equal(told({ service: "sip" }, { service: balancer }, bound).address, "2001:db8::9");
    assert.equal(told({ service: "sip", transport: "tcp" }, { service: balancer }).port, 5061);
  });

  it("is the edge's own as long as the load balancer has none", () => {
    assert.equal(told({ service: "sip" }, { node, service: { ...balancer, addresses: [] } }), BOUND);
    assert.equal(told({ service: "sip" }), BOUND);
  });

  it("is the node's, and the port on every node, behind a NodePort", () => {
    const service = { type: "NodePort", addresses: [], ports };
    assert.deepEqual(told({ service: "sip" }, { node, service }), { address: "203.0.113.1", port: 31_060 });
    const inner = { ...node, external: [] };
    assert.equal(told({ service: "sip" }, { node: inner, service }).address, "10.0.0.1");
    assert.equal(told({ service: "sip" }, { service }), BOUND);
  });

  it("is the node's external address for its internal one on the host network, and no other's", () => {
    assert.deepEqual(told({ node: true }, { node }), { address: "203.0.113.1", port: 5060 });
    const bridge = { address: "172.17.0.1", port: 5060 };
    assert.equal(told({ node: true }, { node }, bridge), bridge);
    assert.equal(told({ node: true }, { node: { ...node, external: [] } }), BOUND);
    const loopback = { address: "127.0.0.1", port: 5060 };
    assert.equal(told({ node: true, service: "sip" }, { node, service: balancer }, loopback), loopback);
  });
});

describe("an edge whose Service gets its address", () => {
  it("tells it from then on, without a restart, and knows the former one still", async (t) => {
    const own = networkAddress();
    if (own === undefined) return t.skip("this host has no IPv4 address but the loopback");
    const store = memoryStore();
    const bucket = await store.bucket(PLACES);
    const pending: ServicePlace = { type: "LoadBalancer", addresses: [], ports };
    await bucket.put(serviceKey("sip"), encodePlace(pending));
    await bucket.put(nodeKey("n1"), encodePlace(node));
    const platform = await startPlatform(
      {
        listeners: ["udp", "tcp"].map((transport) => ({
          transport: transport as "udp",
          address: own,
          port: 0,
          service: "sip",
        })),
      },
      { store },
    );
    const announced = () =>
      (platform.announced() ?? []).map(({ advertised, formerly }) => [advertised?.port, formerly]);
    const [udp, tcp] = [platform.port("udp"), platform.port("tcp")];
    assert.deepEqual(announced(), [
      [undefined, undefined],
      [undefined, undefined],
    ]);
    await bucket.put(serviceKey("sip"), encodePlace(balancer));
    await until("another address", () => announced()[0]?.[0] !== undefined);
    assert.deepEqual(announced(), [
      [5070, [{ address: own, port: udp }]],
      [5061, [{ address: own, port: tcp }]],
    ]);
    await platform.stop();
  });
});

function networkAddress(): string | undefined {
  return systemNetwork()
    .ownAddresses()
    .find((address) => isIPv4(address) && !address.startsWith("127."));
}
