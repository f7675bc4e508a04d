import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@sipmesh/environment/testing";
import { type Bucket, type Change, Conflict, type Store, StoreAway } from "../store.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString();

/** Keys that some store could stumble over. */
const KEYS = [
  "alice@example.com",
  "a",
  ".",
  "..",
  "a.b",
  "*",
  ">",
  "=41",
  "zwölf ä=%\n\u{1f600}",
  "+4930123456;phone-context=example.com",
  "x".repeat(200),
];

/** What every store keeps to. `fresh` gives an empty one. */
export function storeContract(name: string, fresh: () => Promise<Store>, options: { skip: string | false }): void {
  let names = 0;

  function contract(title: string, run: (bucket: Bucket, store: Store) => Promise<void>): void {
    test(`${name}: ${title}`, options, async () => {
      const store = await fresh();
      try {
        await run(await store.bucket(`contract-${names++}`), store);
      } finally {
        await store.close();
      }
    });
  }

  contract("a value comes back byte for byte under whatever key", async (bucket) => {
    const value = Uint8Array.from({ length: 256 }, (_, at) => at);
    for (const key of KEYS) {
      const revision = await bucket.put(key, value);
      assert.ok(revision > 0);
      const entry = await bucket.get(key);
      assert.deepEqual(
        { key: entry?.key, revision: entry?.revision, value: Buffer.from(entry?.value ?? []) },
        { key, revision, value: Buffer.from(value) },
      );
    }
    const keys: string[] = [];
    for await (const { key } of bucket.entries()) keys.push(key);
    assert.deepEqual(keys.sort(), KEYS.toSorted());
  });

  contract("an empty value is a value", async (bucket) => {
    await bucket.put("empty", new Uint8Array(0));
    assert.equal((await bucket.get("empty"))?.value.length, 0);
    await assert.rejects(bucket.create("empty", bytes("x")), Conflict);
  });

  contract("what was never written is undefined", async (bucket) => {
    assert.equal(await bucket.get("nobody"), undefined);
  });

  contract("the value handed over may be altered afterwards", async (bucket) => {
    const value = bytes("before");
    const written = bucket.put("key", value);
    value.fill(0);
    await written;
    assert.equal(text((await bucket.get("key"))?.value), "before");
  });

  contract("create writes only where there is nothing", async (bucket) => {
    await bucket.create("key", bytes("one"));
    await assert.rejects(bucket.create("key", bytes("two")), Conflict);
    assert.equal(text((await bucket.get("key"))?.value), "one");
    await bucket.remove("key");
    await bucket.create("key", bytes("three"));
    assert.equal(text((await bucket.get("key"))?.value), "three");
  });

  contract("update writes only over the revision that it names", async (bucket) => {
    const first = await bucket.create("key", bytes("one"));
    const second = await bucket.update("key", bytes("two"), first);
    assert.ok(second > first);
    await assert.rejects(bucket.update("key", bytes("three"), first), Conflict);
    await assert.rejects(bucket.update("other", bytes("three"), first), Conflict);
    await assert.rejects(bucket.update("other", bytes("three"), 0), Conflict);
    assert.equal(text((await bucket.get("key"))?.value), "two");
  });

  contract("of many updates of one revision exactly one succeeds", async (bucket) => {
    const first = await bucket.create("key", bytes("0"));
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) => bucket.update("key", bytes(String(at)), first)),
    );
    const winners = outcomes.filter(({ status }) => status === "fulfilled");
    assert.equal(winners.length, 1);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") assert.ok(outcome.reason instanceof Conflict);
    }
  });

  contract("remove takes a value away, and only that of the revision it names", async (bucket) => {
    const first = await bucket.put("key", bytes("one"));
    const second = await bucket.put("key", bytes("two"));
    await assert.rejects(bucket.remove("key", first), Conflict);
    await bucket.remove("key", second);
    assert.equal(await bucket.get("key"), undefined);
    await assert.rejects(bucket.remove("key", second), Conflict);
    await bucket.remove("key");
    await bucket.remove("never");
  });

  contract("entries are those that are there, by prefix", async (bucket) => {
    for await (const entry of bucket.entries()) assert.fail(`there is ${entry.key}`);
    await Promise.all(["a/1", "a/2", "b/1", "gone"].map((key) => bucket.put(key, bytes(key))));
    await bucket.remove("gone");
    const found: [string, string | undefined][] = [];
    for await (const { key, value } of bucket.entries("a/")) found.push([key, text(value)]);
    assert.deepEqual(found.sort(), [
      ["a/1", "a/1"],
      ["a/2", "a/2"],
    ]);
    for await (const entry of bucket.entries("none/")) assert.fail(`there is ${entry.key}`);
    let all = 0;
    for await (const { key } of bucket.entries()) all += key === "gone" ? 10 : 1;
    assert.equal(all, 3);
  });

  contract("a watch tells what is there, then every change of a key in order", async (bucket) => {
    await bucket.put("one", bytes("1"));
    await bucket.put("gone", bytes("1"));
    await bucket.remove("gone");
    const story: string[] = [];
    const watch = await bucket.watch((change) => story.push(describe(change)));
    assert.deepEqual(story, ["one=1"]);
    await bucket.put("two", bytes("2"));
    await bucket.put("one", bytes("1a"));
    await bucket.remove("two");
    await bucket.put("end", bytes("."));
    await until(() => story.includes("end=."));
    assert.deepEqual(story, ["one=1", "two=2", "one=1a", "two removed", "end=."]);
    watch.close();
    await bucket.put("after", bytes("x"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(story.length, 5);
  });

  contract("a watcher that throws hinders no other", async (bucket) => {
    const story: string[] = [];
    const broken = await bucket.watch(() => {
      throw new Error("broken watcher");
    });
    const sound = await bucket.watch((change) => story.push(describe(change)));
    await bucket.put("key", bytes("1"));
    await until(() => story.length === 1);
    broken.close();
    sound.close();
  });

  contract("the same name is the same bucket, another name another", async (bucket, store) => {
    await bucket.put("key", bytes("1"));
    assert.equal(text((await (await store.bucket(bucket.name)).get("key"))?.value), "1");
    assert.equal(await (await store.bucket(`${bucket.name}-x`)).get("key"), undefined);
    await assert.rejects(store.bucket("No Name"), RangeError);
  });

  contract("buckets in memory keep to the same contract", async (_bucket, store) => {
    const bucket = await store.bucket(`memory-${names++}`, { memory: true });
    const first = await bucket.create("key", bytes("1"));
    await bucket.update("key", bytes("2"), first);
    assert.equal(text((await bucket.get("key"))?.value), "2");
  });

  contract("after it was closed every call fails with StoreAway", async (bucket, store) => {
    await bucket.put("key", bytes("1"));
    await store.close();
    assert.equal(store.state, "away");
    await assert.rejects(bucket.get("key"), StoreAway);
    await assert.rejects(bucket.put("key", bytes("2")), StoreAway);
    await assert.rejects(bucket.remove("key"), StoreAway);
    await assert.rejects(
      bucket.watch(() => {}),
      StoreAway,
    );
    await assert.rejects(store.bucket("other"), StoreAway);
  });
}

export function describe(change: Change): string {
  return "removed" in change ? `${change.key} removed` : `${change.key}=${text(change.value)}`;
}
