import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { INET, INET_SIZE, INET6, INET6_SIZE, SocketAddresses, WORDS } from "./socket-address.ts";

const indexOf = (zone: string) => (zone === "eth0" ? 2 : 0);
const words = () => new Uint32Array(WORDS + 1);

test("an address is written as the system has it", () => {
  const into = words();
  assert.equal(new SocketAddresses(indexOf).write(into, 0, INET, "192.0.2.1", 5060), INET_SIZE);
  assert.deepEqual([...new Uint8Array(into.buffer, 0, 8)], [INET, 0, 0x13, 0xc4, 192, 0, 2, 1]);
  assert.equal(new SocketAddresses(indexOf).write(into, 1, INET6, "2001:db8::1", 5060), INET6_SIZE);
  const six = new Uint8Array(into.buffer, 4, INET6_SIZE);
  assert.deepEqual([...six.subarray(0, 8)], [INET6, 0, 0x13, 0xc4, 0, 0, 0, 0]);
  assert.deepEqual([...six.subarray(8, 12), six[23]], [0x20, 0x01, 0x0d, 0xb8, 1]);
  assert.deepEqual([...six.subarray(24)], [0, 0, 0, 0]);
});

test("names and addresses of the other family are not written", () => {
  const addresses = new SocketAddresses(indexOf);
  for (const text of ["sip.example.com", "::1", "1.2.3", "", "1.2.3.4%eth0"]) {
    assert.equal(addresses.write(words(), 0, INET, text, 5060), 0, text);
  }
  for (const text of ["192.0.2.1", "fe80::1%", "fe80::1%eth9", "fe80::1%0"]) {
    assert.equal(addresses.write(words(), 0, INET6, text, 5060), 0, text);
  }
});

test("a link-local address has its interface by name or by number", () => {
  const addresses = new SocketAddresses(indexOf);
  const [named, numbered] = [words(), words()];
  addresses.write(named, 0, INET6, "fe80::1%eth0", 5060);
  addresses.write(numbered, 0, INET6, "fe80::1%2", 5060);
  assert.deepEqual(named, numbered);
});

test("what was written is read, whoever was met before", () => {
  const addresses = new SocketAddresses(indexOf);
  const address = fc.oneof(fc.ipV4(), fc.constantFrom("::1", "2001:db8::7", "2001:db8::8", "fe80::1%2", "fe80::1%3"));
  fc.assert(
    fc.property(address, fc.integer({ min: 0, max: 65_535 }), (text, port) => {
      const into = words();
      addresses.write(into, 1, text.includes(":") ? INET6 : INET, text, port);
      const read = addresses.read(into, 1);
      assert.deepEqual(read, { address: text, port });
      assert.equal(addresses.read(into, 1), read, "a peer that was met is the same object");
    }),
    { numRuns: 2000 },
  );
});
