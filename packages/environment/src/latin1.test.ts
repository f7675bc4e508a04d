import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hash } from "./hash.ts";
import { latin1 } from "./latin1.ts";

test("any bytes survive as text", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = latin1.decode(bytes, 0, bytes.length);
      assert.equal(text.length, bytes.length);
      assert.deepEqual(Uint8Array.from(latin1.encode(text)), bytes);
      const into = new Uint8Array(bytes.length + 2);
      assert.equal(latin1.encodeInto(text, into, 1), bytes.length);
      assert.deepEqual(into.subarray(1, 1 + bytes.length), bytes);
    }),
  );
});

test("a part is decoded, and what does not fit is left out", () => {
  assert.equal(latin1.decode(Uint8Array.of(65, 66, 0xff, 67), 1, 3), "B\u00ff");
  assert.equal(latin1.encodeInto("abc", new Uint8Array(4), 2), 2);
});

test("digests are those of RFC 1321 and FIPS 180-4, over one byte for each character", () => {
  assert.equal(hash.md5Hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
  assert.equal(hash.sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.equal(hash.md5Hex("\u00e9"), hash.md5Hex(Uint8Array.of(0xe9)));
});
