import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NonceCounter } from "./counter.ts";
import { readNonce, sealNonce } from "./nonce.ts";

/** Binds and hides nothing from a reader of the test, but keeps the contract: what was bound otherwise does not open. */
const sealer = {
  seal: (content: Uint8Array, bound: string) =>
    `${Buffer.from(content).toString("hex")}.${Buffer.from(bound).toString("hex")}`,
  open: (token: string, bound: string) => {
    const [content = "", tag] = token.split(".");
    return tag === Buffer.from(bound).toString("hex") ? new Uint8Array(Buffer.from(content, "hex")) : undefined;
  },
  mark: (text: string) => text,
};

const content = { maker: "directory-k3j9x", madeAt: 1_700_000_000_000, serial: 5_000_000_000 };
const at = { self: "directory-k3j9x", now: content.madeAt + 1000, lifetime: 300_000 };

test("a nonce says who made it and when, to every member", () => {
  const nonce = sealNonce(content, "biloxi.com", sealer);
  assert.deepEqual(readNonce(nonce, "biloxi.com", at, sealer), { kind: "own", content });
  const elsewhere = readNonce(nonce, "biloxi.com", { ...at, self: "directory-aaaaa" }, sealer);
  assert.deepEqual(elsewhere, { kind: "other", maker: content.maker, content });
});

test("a nonce of another realm, of nobody, or past its lifetime is stale", () => {
  const nonce = sealNonce(content, "biloxi.com", sealer);
  assert.equal(readNonce(nonce, "atlanta.com", at, sealer).kind, "stale");
  assert.equal(readNonce("f84f1cec41e6cbe5aea9c8e88d359", "biloxi.com", at, sealer).kind, "stale");
  assert.equal(readNonce(nonce, "biloxi.com", { ...at, now: content.madeAt + 299_999 }, sealer).kind, "own");
  assert.equal(readNonce(nonce, "biloxi.com", { ...at, now: content.madeAt + 300_000 }, sealer).kind, "stale");
});

test("each nc is good once, and 31 may be overtaken", () => {
  const counter = new NonceCounter(10);
  assert.deepEqual(
    [1, 3, 2, 2, 3, 1].map((count) => counter.use(1, count)),
    [true, true, true, false, false, false],
  );
  assert.equal(counter.use(1, 40), true);
  assert.equal(counter.use(1, 9), false);
  assert.equal(counter.use(1, 10), true);
  assert.equal(counter.use(1, 0), false);
});

test("a nonce without qop is good once, and never beside one with it", () => {
  const counter = new NonceCounter(10);
  assert.deepEqual(
    [undefined, undefined, 1].map((count) => counter.use(1, count)),
    [true, false, false],
  );
  assert.deepEqual(
    [1, undefined].map((count) => counter.use(2, count)),
    [true, false],
  );
});

test("what is forgotten for want of room is stale, not new", () => {
  const counter = new NonceCounter(2);
  for (const serial of [5, 6, 7]) assert.equal(counter.use(serial, 1), true);
  assert.equal(counter.size, 2);
  assert.equal(counter.use(5, 1), false);
  assert.equal(counter.use(4, 1), false);
  assert.equal(counter.use(6, 2), true);
});

test("what is past its lifetime is dropped", () => {
  const counter = new NonceCounter(10);
  for (const serial of [1, 2, 3]) counter.use(serial, 1);
  counter.expire(2);
  assert.equal(counter.size, 1);
  assert.equal(counter.use(2, 2), false);
});

test("whatever comes, no use is counted twice and no more is remembered than there is room", () => {
  const use = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }));
  fc.assert(
    fc.property(fc.array(use, { maxLength: 200 }), (uses) => {
      const counter = new NonceCounter(4);
      const good = new Set<string>();
      for (const [serial, count] of uses) {
        if (!counter.use(serial, count)) continue;
        const name = `${serial} ${count}`;
        assert.ok(!good.has(name), name);
        good.add(name);
        assert.ok(counter.size <= 4);
      }
    }),
  );
});
