import assert from "node:assert/strict";
import { test } from "node:test";
import { SipHash } from "./siphash.ts";

const KEY = Uint8Array.from({ length: 16 }, (_, at) => at);

function input(length: number): string {
  return String.fromCharCode(...Array.from({ length }, (_, at) => at));
}

function hex(words: Int32Array, count: number): string {
  const bytes = Buffer.alloc(count * 4);
  for (let at = 0; at < count; at++) bytes.writeInt32LE(words[at] as number, at * 4);
  return bytes.toString("hex");
}

// https://github.com/veorq/SipHash vectors.h: the key is 00 01 … 0f, the input of length n is 00 01 … n-1.
const VECTORS_64 = [
  [0, "310e0edd47db6f72"],
  [1, "fd67dc93c539f874"],
  [2, "5a4fa9d909806c0d"],
  [3, "2d7efbd796666785"],
  [7, "37d1018bf50002ab"],
  [8, "6224939a79f5f593"],
  // The example in the paper's appendix A.
  [15, "e545be4961ca29a1"],
] as const;

for (const [length, expected] of VECTORS_64) {
  test(`SipHash-2-4 of ${length} bytes is the published one`, () => {
    assert.equal(hex(new SipHash(KEY).hash64(input(length)), 2), expected);
  });
}

for (const [length, expected] of [
  [0, "a3817f04ba25a8e66df67214c7550293"],
  [1, "da87c1d86b99af44347659119b22fc45"],
] as const) {
  test(`SipHash-2-4-128 of ${length} bytes is the published one`, () => {
    assert.equal(hex(new SipHash(KEY).hash128(input(length)), 4), expected);
  });
}

test("another key gives another hash", () => {
  const other = new SipHash(KEY.toReversed());
  assert.notEqual(hex(other.hash64("call-1"), 2), hex(new SipHash(KEY).hash64("call-1"), 2));
});
