import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Hashed, HashTable } from "./hash-table.ts";

class Item implements Hashed {
  readonly key: string;
  hash = 0;
  next: Hashed | undefined;

  constructor(key: string) {
    this.key = key;
  }
}

test("it holds what a Map would hold, whatever is added and removed", () => {
  const steps = fc.array(fc.tuple(fc.nat(40), fc.boolean()), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer(), steps, (seed, done) => {
      const table = new HashTable<Item>(seed);
      const model = new Map<string, Item>();
      for (const [number, adds] of done) {
        const key = `z9hG4bK${number}`;
        const known = model.get(key);
        if (adds && known === undefined) {
          const item = new Item(key);
          table.add(item);
          model.set(key, item);
        } else if (!adds && known !== undefined) {
          assert.equal(table.remove(known), true);
          assert.equal(table.remove(known), false);
          model.delete(key);
        }
        assert.equal(table.get(key), model.get(key));
        assert.equal(table.size, model.size);
      }
      assert.deepEqual(new Set(table.values()), new Set(model.values()));
    }),
  );
});

test("keys whose hashes are the same are told apart, and leave without one another", () => {
  const table = new HashTable<Item>(7);
  const byHash = new Map<number, Item[]>();
  // Of 100,000 keys some ten share 30 bits with another one.
  for (let number = 0; number < 100_000; number++) {
    const item = new Item(String(number));
    table.add(item);
    byHash.set(item.hash, [...(byHash.get(item.hash) ?? []), item]);
  }
  const together = [...byHash.values()].filter((items) => items.length > 1);
  assert.ok(together.length > 0 && together.length < 30, `${together.length} collisions`);
  for (const [first, second] of together as [Item, Item][]) {
    assert.equal(table.get(first.key), first);
    assert.equal(table.get(second.key), second);
    table.remove(first);
    assert.equal(table.get(first.key), undefined);
    assert.equal(table.get(second.key), second);
    table.add(first);
    table.remove(second);
    assert.equal(table.get(first.key), first);
    assert.equal(table.get(second.key), undefined);
  }
});
