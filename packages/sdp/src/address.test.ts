import assert from "node:assert/strict";
import { isIP } from "node:net";
import { describe, it } from "node:test";
import fc from "fast-check";
import { canonicalAddress, ipVersion, isMulticast, isPrivate, isUnspecified } from "./address.ts";

describe("ipVersion", () => {
  it("agrees with Node.js on addresses and on near misses", () => {
    const nearly = fc.stringMatching(/^[0-9a-f:.]{1,20}$/);
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), nearly), (text) =>
        assert.equal(ipVersion(text) ?? 0, isIP(text), text),
      ),
      { numRuns: 2000 },
    );
  });

  it("takes no domain name", () => assert.equal(ipVersion("phone.example.org"), undefined));
});

describe("canonicalAddress", () => {
  for (const [text, expected] of [
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["::1", "::1"],
    ["fe80::", "fe80::"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["192.0.2.1", "192.0.2.1"],
    ["example.org", "example.org"],
  ] as const) {
    it(`${text} is ${expected} (RFC 5952)`, () => assert.equal(canonicalAddress(text), expected));
  }

  it("is the same for every spelling, and stays itself", () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const canonical = canonicalAddress(text);
        assert.equal(canonicalAddress(canonical), canonical);
        assert.equal(canonicalAddress(text.toUpperCase()), canonical);
      }),
    );
  });
});

describe("kinds of address", () => {
  it("unspecified", () => {
    assert.deepEqual(["0.0.0.0", "::", "0:0::0", "192.0.2.1"].map(isUnspecified), [true, true, true, false]);
  });
  it("multicast", () => {
    assert.deepEqual(["224.2.36.42", "239.1.1.1", "ff15::101", "240.0.0.1", "2001:db8::1"].map(isMulticast), [
      true,
      true,
      true,
      false,
      false,
    ]);
  });
  it("private", () => {
    for (const text of [
      "10.1.2.3",
      "172.31.0.1",
      "192.168.1.1",
      "100.64.0.1",
      "169.254.1.1",
      "127.0.0.1",
      "fd00::1",
      "fe80::1",
      "::1",
    ]) {
      assert.equal(isPrivate(text), true, text);
    }
    for (const text of ["172.32.0.1", "192.0.2.1", "100.128.0.1", "2001:db8::1", "example.org"]) {
      assert.equal(isPrivate(text), false, text);
    }
  });
});
