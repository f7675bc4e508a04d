import assert from "node:assert/strict";
import { test } from "node:test";
import { addressToward, type OwnAddress, parseRoutes4, parseRoutes6, readOwnAddresses } from "./routes.ts";
import { systemNetwork } from "./system-network.ts";

const own: OwnAddress[] = [
  { address: "192.0.2.10", prefix: 24, interface: "eth0", internal: false },
  { address: "2001:db8::10", prefix: 64, interface: "eth0", internal: false },
  { address: "10.1.0.5", prefix: 16, interface: "vpn0", internal: false },
  { address: "10.1.0.6", prefix: 32, interface: "vpn0", internal: false },
  { address: "127.0.0.1", prefix: 8, interface: "lo", internal: true },
  { address: "::1", prefix: 128, interface: "lo", internal: true },
];

// default via eth0, 10.0.0.0/8 via vpn0, 10.9.0.0/16 rejected (not up)
const table4 = `Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
vpn0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
vpn0\t0000090A\t00000000\t0000\t0\t0\t0\t0000FFFF\t0\t0\t0
`;
const table6 = `20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
`;
const routes = [...parseRoutes4(table4), ...parseRoutes6(table6)];

test("Linux's route tables are read", () => {
  assert.deepEqual(routes, [
    { address: "0.0.0.0", prefix: 0, interface: "eth0", metric: 0 },
    { address: "10.0.0.0", prefix: 8, interface: "vpn0", metric: 0 },
    { address: "2001:0db8:0000:0000:0000:0000:0000:0000", prefix: 64, interface: "eth0", metric: 256 },
    { address: "0000:0000:0000:0000:0000:0000:0000:0000", prefix: 0, interface: "eth0", metric: 1024 },
  ]);
});

test("the address that faces a peer is the one of the longest route to it", () => {
  assert.equal(addressToward("192.0.2.99", own, routes), "192.0.2.10");
  assert.equal(addressToward("198.51.100.1", own, routes), "192.0.2.10");
  assert.equal(addressToward("10.200.0.1", own, routes), "10.1.0.5");
  assert.equal(addressToward("10.1.0.6", own, routes), "10.1.0.6");
  assert.equal(addressToward("127.0.0.9", own, routes), "127.0.0.1");
  assert.equal(addressToward("2001:db8::77", own, routes), "2001:db8::10");
  assert.equal(addressToward("2001:4860::1", own, routes), "2001:db8::10");
  assert.equal(addressToward("::1", own, routes), "::1");
});

test("without a route table the first address of the family that is not the loopback is told", () => {
  assert.equal(addressToward("198.51.100.1", own, []), "192.0.2.10");
  assert.equal(addressToward("10.1.4.4", own, []), "10.1.0.5");
  assert.equal(addressToward("198.51.100.1", own.slice(4), []), "127.0.0.1");
  assert.equal(addressToward("2001:db8::1", [], []), "::1");
});

test("this host has a loopback, told last, and it faces itself", () => {
  const addresses = readOwnAddresses();
  assert.ok(addresses.some((mine) => mine.address === "127.0.0.1"));
  const firstInternal = addresses.findIndex((mine) => mine.internal);
  assert.ok(addresses.slice(firstInternal).every((mine) => mine.internal));
  const network = systemNetwork();
  assert.equal(network.localAddressToward("127.0.0.1"), "127.0.0.1");
  assert.deepEqual(
    network.ownAddresses(),
    addresses.map((mine) => mine.address),
  );
});
