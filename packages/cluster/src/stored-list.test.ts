import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Member } from "./cluster.ts";
import { decodeStoredList, encodeStoredList, inOrder } from "./stored-list.ts";

const everybody = ["a", "b", "c", "d", "e"].map((id): Member => ({ id, instance: `on-${id}`, node: "n1" }));
const members = fc.subarray(everybody).map(inOrder);

test("a list and those before it survive the store", () => {
  const former = fc.array(fc.record({ members, age: fc.nat(60_000) }), { maxLength: 5 });
  fc.assert(
    fc.property(members, former, (present, before) => {
      const list = {
        number: 10,
        members: present,
        former: before.map(({ members, age }, at) => ({ number: 9 - at, members, age })),
      };
      assert.deepEqual(decodeStoredList(encodeStoredList(list, 5000), 5000), list);
    }),
  );
});

test("of a former list only what was different is written", () => {
  const list = (number: number, ...left: string[]) => ({
    number,
    members: everybody.filter(({ id }) => !left.includes(id)),
  });
  const bytes = encodeStoredList({ ...list(3), former: [{ ...list(2, "e"), age: 5 }] }, 0);
  assert.deepEqual(JSON.parse(Buffer.from(bytes).toString()).former, [{ number: 2, age: 5, without: ["e"], with: [] }]);
});

test("a former list goes on ageing in the store", () => {
  const list = { number: 2, members: everybody, former: [{ number: 1, members: everybody, age: 5 }] };
  const read = decodeStoredList(encodeStoredList(list, 1_000), 61_000);
  assert.deepEqual(
    read.former.map(({ age }) => age),
    [60_005],
  );
  // A clock that is behind makes nothing younger than it was.
  assert.equal(decodeStoredList(encodeStoredList(list, 1_000), 0).former[0]?.age, 5);
});

test("the release before wrote no former lists", () => {
  const bytes = Buffer.from(JSON.stringify({ number: 7, members: everybody }));
  assert.deepEqual(decodeStoredList(bytes, 0), { number: 7, members: everybody, former: [] });
});

test("what is no list is refused", () => {
  assert.throws(() => decodeStoredList(Buffer.from("{}"), 0));
});
