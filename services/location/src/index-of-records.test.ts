import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Binding } from "@sipmesh/sip-core";
import { RecordIndex } from "./index-of-records.ts";
import { encodeBindings, readSummary } from "./record.ts";

function bindings(callId: string, expiresAt = 1000): Binding[] {
  return [
    {
      uri: "sip:a@10.0.0.1",
      q: 1000,
      parameters: "",
      callId,
      cseq: 1,
      expiresAt,
      lifetime: 60,
      path: [],
      nat: false,
      userAgent: "",
    },
  ];
}

function heard(index: RecordIndex, key: string, what: Binding[], revision: number): void {
  const bytes = encodeBindings(what);
  index.heard(key, readSummary(bytes), bytes, revision);
}

const callIdOf = (index: RecordIndex, key: string) => index.get(key)?.bindings[0]?.callId;

describe("the index of records", () => {
  it("keeps the bindings of what was used, and follows the store's changes to them", () => {
    const index = new RecordIndex(10);
    index.learn("alice", bindings("one"), 5);
    assert.equal(callIdOf(index, "alice"), "one");
    heard(index, "alice", bindings("two"), 6);
    assert.equal(callIdOf(index, "alice"), "two");
    assert.equal(index.get("alice")?.revision, 6);
  });

  it("keeps the bindings of what it only heard while there is room; then it knows that they are there, and no more", () => {
    const index = new RecordIndex(1);
    heard(index, "alice", bindings("one"), 4);
    heard(index, "bob", bindings("two"), 5);
    assert.equal(callIdOf(index, "alice"), "one");
    assert.ok(index.has("bob"));
    assert.equal(index.get("bob"), undefined);
    assert.equal(index.contacts, 2);
    index.learn("bob", bindings("two"), 5);
    assert.deepEqual(
      [callIdOf(index, "bob"), callIdOf(index, "alice")],
      ["two", undefined],
      "what is used takes its place",
    );
  });

  it("is not taken back by what it hears late", () => {
    const index = new RecordIndex(10);
    index.learn("alice", bindings("new"), 7);
    heard(index, "alice", bindings("old"), 6);
    index.learn("alice", bindings("old"), 6);
    index.forget("alice", 6);
    assert.equal(callIdOf(index, "alice"), "new");
    index.forget("alice", 7);
    assert.equal(index.size, 0);
    assert.equal(index.contacts, 0);
  });

  it("keeps at most so many hot, and of those the used ones", () => {
    const index = new RecordIndex(3);
    for (const key of ["a", "b", "c"]) index.learn(key, bindings(key), 1);
    index.learn("d", bindings("d"), 1);
    index.get("a");
    index.learn("e", bindings("e"), 1);
    assert.equal(index.hot, 3);
    assert.equal(index.size, 5);
    const hot = ["a", "b", "c", "d", "e"].filter((key) => index.get(key) !== undefined);
    assert.deepEqual(hot, ["a", "d", "e"]);
  });

  it("finds in bounded steps what has expired", () => {
    const index = new RecordIndex(0);
    for (let i = 0; i < 100; i++) heard(index, `u${i}`, bindings("x", i < 50 ? 1000 : 9000), 1);
    const found = new Set<string>();
    for (let step = 0; step < 10; step++) for (const { key } of index.expired(5000, 10)) found.add(key);
    assert.equal(found.size, 50);
    assert.ok([...found].every((key) => Number(key.slice(1)) < 50));
  });
});
