import assert from "node:assert/strict";
import { test } from "node:test";
import { addressForPhones, firstCall } from "./first-call.ts";

const address = { netmask: "", mac: "", cidr: null };

test("Phones are told the address of this host that others reach", () => {
  const v4 = { ...address, family: "IPv4" as const, internal: false, address: "192.0.2.7" };
  const v6 = { ...address, family: "IPv6" as const, internal: false, address: "2001:db8::7", scopeid: 0 };
  const loopback = { ...address, family: "IPv4" as const, internal: true, address: "127.0.0.1" };
  assert.equal(addressForPhones({ lo: [loopback], eth0: [v6, v4] }), "192.0.2.7");
  assert.equal(addressForPhones({ lo: [loopback], eth0: [v6] }), "2001:db8::7");
  assert.equal(addressForPhones({ lo: [loopback] }), "127.0.0.1");
});

test("What to type into two phones is on the screen: user, password, domain, and where they differ the port", () => {
  const subscribers = [
    { user: "alice", password: "aaaa-bbbb-cccc" },
    { user: "bob", password: "dddd-eeee-ffff" },
  ];
  const facts = { address: "192.0.2.7", adminUrl: "http://127.0.0.1:8060", dataDirectory: "/data", subscribers };
  const text = firstCall({ ...facts, sipPort: 5060 });
  assert.match(text, /user +alice +bob\n/);
  assert.match(text, /password +aaaa-bbbb-cccc +dddd-eeee-ffff\n/);
  assert.match(text, /domain +192\.0\.2\.7 +192\.0\.2\.7\n/);
  assert.match(text, /npm run demo/);
  assert.match(firstCall({ ...facts, sipPort: 5070 }), /domain +192\.0\.2\.7:5070/);
});
