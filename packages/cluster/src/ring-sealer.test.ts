import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeRing, encodeRing, type Ring, withKey } from "./keys.ts";
import { RingSealer } from "./ring-sealer.ts";

const secret = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const ONE = withKey([], secret(1), 0);
const sealer = (ring: Ring = ONE, now = 0): RingSealer => new RingSealer(ring, () => now);
const bytes = fc.uint8Array({ maxLength: 64 });

test("what was sealed is opened by whoever has the ring, bound to the same", () => {
  fc.assert(
    fc.property(bytes, fc.string(), (content, bound) => {
      const token = sealer().seal(content, bound);
      assert.match(token, /^[-\w]+$/);
      assert.deepEqual(sealer().open(token, bound), new Uint8Array(content));
      assert.equal(sealer().open(token, `${bound}x`), undefined);
    }),
  );
});

test("31 bytes make a token of 64 characters", () => {
  assert.equal(sealer().seal(new Uint8Array(31), "call").length, 64);
});

test("the same content gives the same token, another one or another binding another mark", () => {
  const mark = (token: string): string => Buffer.from(token, "base64url").subarray(1, 17).toString("hex");
  const token = sealer().seal(secret(5), "call");
  assert.equal(sealer().seal(secret(5), "call"), token);
  assert.notEqual(mark(sealer().seal(secret(6), "call")), mark(token));
  assert.notEqual(mark(sealer().seal(secret(5), "other")), mark(token));
});

test("no bit of a token can be altered, and no token is spelt in two ways", () => {
  const made = sealer();
  const token = made.seal(Buffer.from("flow 7"), "call");
  const raw = Buffer.from(token, "base64url");
  for (let bit = 0; bit < raw.length * 8; bit++) {
    const altered = Buffer.from(raw);
    altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.equal(made.open(altered.toString("base64url"), "call"), undefined, `bit ${bit}`);
  }
  for (const other of [`${token}=`, `${token} `, token.replaceAll("-", "+"), token.slice(1), ""]) {
    if (other !== token) assert.equal(made.open(other, "call"), undefined, other);
  }
});

test("a stranger's text is never opened", () => {
  fc.assert(fc.property(fc.string(), fc.string(), (token, bound) => sealer().open(token, bound) === undefined));
});

test("a new key seals once it is in force; tokens of old keys open on", () => {
  const rotated = withKey(ONE, secret(2), 1000);
  const old = sealer().seal(secret(9), "call");
  assert.equal(sealer(rotated, 999).seal(secret(9), "call"), old);
  const renewed = sealer(rotated, 1000).seal(secret(9), "call");
  assert.notEqual(renewed, old);
  // Who heard of the key but does not use it yet can open what others seal with it.
  assert.ok(sealer(rotated, 0).open(renewed, "call"));
  assert.ok(sealer(rotated, 1000).open(old, "call"));
  assert.equal(sealer().open(renewed, "call"), undefined);
});

test("marks, trace ids and owners rest on the first key, which stays however often the ring is rotated", () => {
  let ring = ONE;
  for (let at = 0; at < 600; at++) ring = withKey(ring, secret(at % 256), 0);
  assert.equal(ring.length, 16);
  assert.equal(new Set(ring.map(({ id }) => id)).size, 16);
  assert.deepEqual(ring[0], ONE[0]);
  assert.equal(sealer(ring).mark("call"), sealer().mark("call"));
  assert.equal(sealer(ring).traceId("call"), sealer().traceId("call"));
});

test("a ring survives the store", () => {
  const ring = withKey(ONE, secret(2), 1000);
  assert.deepEqual(decodeRing(encodeRing(ring)), ring);
  assert.throws(() => decodeRing(Buffer.from('{"keys":[]}')));
});

test("marks are 13 of [a-z2-7], trace ids 32 hexadecimal digits, and they do not collide", () => {
  const made = sealer();
  const marks = new Set<string>();
  for (let at = 0; at < 20_000; at++) {
    const mark = made.mark(`z9hG4bK${at}`);
    assert.match(mark, /^[a-z2-7]{13}$/);
    marks.add(mark);
  }
  assert.equal(marks.size, 20_000);
  assert.match(made.traceId("call"), /^[0-9a-f]{32}$/);
  assert.notEqual(new RingSealer(withKey([], secret(3), 0), () => 0).mark("x"), made.mark("x"));
});
