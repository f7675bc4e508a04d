import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeKey, encodeKey } from "./nats-key.ts";

test("every key survives the way through a NATS subject, as one token", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (key) => {
      const encoded = encodeKey(key);
      assert.match(encoded, /^[-=\w]+$/);
      assert.equal(decodeKey(encoded), key);
    }),
  );
});

test("different keys stay different", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      assert.equal(encodeKey(one) === encodeKey(other), one === other);
    }),
  );
});
