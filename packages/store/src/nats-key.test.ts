import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeKey, encodeKey, filterFor } from "./nats-key.ts";

const keys = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: fc.constantFrom("/", "a", ".", "=", "ü") }));

test("every key survives the way through a NATS subject, a token for each part between slashes", () => {
  fc.assert(
    fc.property(keys, (key) => {
      const encoded = encodeKey(key);
      assert.match(encoded, /^[-=\w]+(\.[-=\w]+)*$/);
      assert.equal(decodeKey(encoded), key);
    }),
  );
});

test("different keys stay different", () => {
  fc.assert(
    fc.property(keys, keys, (one, other) => {
      assert.equal(encodeKey(one) === encodeKey(other), one === other);
    }),
  );
});

test("a prefix that ends in a slash is asked for by a wildcard that has the same keys", () => {
  fc.assert(
    fc.property(keys, keys, (prefix, key) => {
      const filter = filterFor(`${prefix}/`);
      if (filter === undefined) assert.fail("no wildcard");
      assert.ok(filter.endsWith(".>"));
      assert.equal(encodeKey(key).startsWith(filter.slice(0, -1)), key.startsWith(`${prefix}/`));
    }),
  );
  assert.equal(filterFor("a"), undefined);
});
