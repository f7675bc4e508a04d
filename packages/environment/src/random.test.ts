import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom } from "./random.ts";

const random = systemRandom();

test("bytes come in any number, in memory of their own", () => {
  const first = random.bytes(16);
  const copy = Uint8Array.from(first);
  for (const n of [0, 1, 8191, 8192, 8193, 100_000]) assert.equal(random.bytes(n).length, n);
  assert.deepEqual(first, copy);
  assert.notDeepEqual(random.bytes(16), first);
});

test("integers are in range, and each is about as likely", () => {
  const counts = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < 60_000; i += 1) {
    const drawn = random.integer(6);
    counts[drawn] = (counts[drawn] ?? Number.NaN) + 1;
  }
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 600, String(counts));
  assert.equal(random.integer(1), 0);
  for (let i = 0; i < 100; i += 1) assert.ok(random.integer(2 ** 32) < 2 ** 32);
  for (const wrong of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) assert.throws(() => random.integer(wrong), RangeError);
});

test("tokens use [a-z0-9] and do not repeat", () => {
  const seen = new Set<string>();
  for (let i = 0; i < 10_000; i += 1) {
    const token = random.token(12);
    assert.match(token, /^[a-z0-9]{12}$/);
    seen.add(token);
  }
  assert.equal(seen.size, 10_000);
});
