import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@sipmesh/environment/testing";
import type { Member } from "./cluster.ts";
import { FormerLists } from "./former-lists.ts";
import { Rendezvous } from "./rendezvous.ts";
import { SipHash } from "./siphash.ts";

const hash = new SipHash(new Uint8Array(16).fill(7));
const member = (id: string): Member => ({ id, instance: id, node: id });
const list = (number: number, age: number, ...ids: string[]) => ({ number, age, members: ids.map(member) });
const idsOf = (members: readonly Member[]) => members.map(({ id }) => id);

test("owners by former lists are remembered for a while, the latest first, each once", async () => {
  const clock = new VirtualClock();
  const former = new FormerLists(clock, hash);
  former.add([list(1, 0, "a")]);
  await clock.pass(20_000);
  former.add([list(2, 0, "b")]);
  former.add([list(3, 0, "b", "c")]);
  const both = idsOf(former.ownersOf("call", 32_000));
  assert.equal(both.at(-1), "a");
  assert.equal(new Set(both).size, both.length);
  const successor = new Rendezvous(hash, [member("b"), member("c")]).successor("call")?.id;
  assert.deepEqual(idsOf(former.successorsOf("call", 32_000)), [successor]);
  await clock.pass(20_000);
  assert.equal(idsOf(former.ownersOf("call", 32_000)).includes("a"), false);
  await clock.pass(20_000);
  assert.deepEqual(former.ownersOf("call", 32_000), []);
});

test("lists that others tell of count by their age, in the order of their numbers, and change nothing that is known", async () => {
  const clock = new VirtualClock();
  const former = new FormerLists(clock, hash);
  former.add([list(5, 0, "e")]);
  former.add([list(5, 20_000, "x"), list(4, 10_000, "d"), list(3, 31_000, "c")]);
  assert.deepEqual(idsOf(former.ownersOf("call", 32_000)), ["e", "d", "c"]);
  await clock.pass(2_000);
  assert.deepEqual(idsOf(former.ownersOf("call", 32_000)), ["e", "d"]);
  assert.deepEqual(
    former.all.map(({ number, age }) => [number, age]),
    [
      [5, 2_000],
      [4, 12_000],
      [3, 33_000],
    ],
  );
  await clock.pass(60_000);
  former.add([]);
  assert.deepEqual(former.all, []);
});
