import assert from "node:assert/strict";
import { isIP } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { ipBytes, ipText } from "./ip.ts";

test("an address has one text, as RFC 5952 §4 writes it", () => {
  const texts = {
    "203.0.113.9": "203.0.113.9",
    "2001:DB8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
    "2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1": "2001:0:0:1::1",
    "0:0:0:0:0:0:0:0": "::",
    "0:0:0:0:0:0:0:1": "::1",
    "1:0:0:0:0:0:0:0": "1::",
    "fe80::1:2:3:4": "fe80::1:2:3:4",
    "::ffff:192.0.2.1": "::ffff:c000:201",
  };
  for (const [given, text] of Object.entries(texts)) assert.equal(ipText(ipBytes(given) ?? assert.fail(given)), text);
});

test("what is no address has no bytes", () => {
  for (const text of ["1.2.3", "1.2.3.4.5", "256.1.1.1", "1..2.3", ":::", "1:2:3:4:5:6:7:8:9", "x", "", "fe80::1%2"]) {
    assert.equal(ipBytes(text), undefined, text);
  }
});

test("every address survives its text", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }).map((all) => Uint8Array.from(all)),
  );
  fc.assert(
    fc.property(bytes, (address) => {
      const text = ipText(address);
      assert.equal(isIP(text), address.length === 4 ? 4 : 6, text);
      assert.deepEqual(ipBytes(text), address);
    }),
  );
});
