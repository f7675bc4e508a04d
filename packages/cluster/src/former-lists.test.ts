import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@sipmesh/environment/testing";
import type { Member } from "./cluster.ts";
import { FormerLists } from "./former-lists.ts";
import { Rendezvous } from "./rendezvous.ts";
import { SipHash } from "./siphash.ts";

const hash = new SipHash(new Uint8Array(16).fill(7));
const member = (id: string): Member => ({ id, instance: id, node: id });
const order = (...ids: string[]) => new Rendezvous(hash, ids.map(member));

test("owners by former lists are remembered for a while, the latest first, each once", async () => {
  const clock = new VirtualClock();
  const former = new FormerLists(clock);
  former.add(order("a"));
  await clock.pass(20_000);
  former.add(order("b"));
  former.add(order("b", "c"));
  const ids = (members: readonly Member[]) => members.map(({ id }) => id);
  const both = ids(former.ownersOf("call", 32_000));
  assert.equal(both.at(-1), "a");
  assert.equal(new Set(both).size, both.length);
  const successor = order("b", "c").successor("call")?.id;
  assert.deepEqual(ids(former.successorsOf("call", 32_000)), [successor]);
  await clock.pass(20_000);
  assert.equal(ids(former.ownersOf("call", 32_000)).includes("a"), false);
  await clock.pass(20_000);
  assert.deepEqual(former.ownersOf("call", 32_000), []);
});
