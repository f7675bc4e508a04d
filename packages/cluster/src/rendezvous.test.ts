import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Member } from "./cluster.ts";
import { Rendezvous } from "./rendezvous.ts";
import { SipHash } from "./siphash.ts";

const hash = new SipHash(Uint8Array.from({ length: 16 }, (_, at) => at * 7));
const CALLS = Array.from({ length: 500 }, (_, at) => `${at}-a84b4c76e66710@192.0.2.${at % 256}`);

const members = fc
  .uniqueArray(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 12 })
  .map((ids): Member[] => ids.map((id) => ({ id: `m${id}`, instance: `transaction-${id}`, node: `node-${id % 4}` })));

test("whoever has the same members finds the same owner, in whatever order they stand", () => {
  fc.assert(
    fc.property(members, fc.infiniteStream(fc.nat()), fc.string(), (list, order, call) => {
      const shuffled = list
        .map((member) => ({ member, at: order.next().value as number }))
        .sort((one, other) => one.at - other.at)
        .map(({ member }) => member);
      assert.equal(new Rendezvous(hash, list).owner(call)?.id, new Rendezvous(hash, shuffled).owner(call)?.id);
    }),
  );
});

test("a member that leaves moves its own calls and no others", () => {
  fc.assert(
    fc.property(members, fc.nat(), (list, choice) => {
      const gone = list[choice % list.length] as Member;
      const before = new Rendezvous(hash, list);
      const after = new Rendezvous(
        hash,
        list.filter((member) => member !== gone),
      );
      for (const call of CALLS) {
        const owner = before.owner(call);
        if (owner !== gone) assert.equal(after.owner(call), owner);
      }
    }),
    { numRuns: 30 },
  );
});

test("the successor is another member, and on another node where there is one", () => {
  fc.assert(
    fc.property(members, fc.string(), (list, call) => {
      const order = new Rendezvous(hash, list);
      const owner = order.owner(call) as Member;
      const successor = order.successor(call);
      if (list.length === 1) assert.equal(successor, undefined);
      else assert.notEqual(successor?.id, owner.id);
      if (list.some(({ node }) => node !== owner.node)) assert.notEqual(successor?.node, owner.node);
    }),
  );
});

test("members of one process are no successors of one another: they die together", () => {
  const one = { instance: "one", node: "n" };
  const list: Member[] = [
    { id: "a", ...one },
    { id: "b", ...one },
    { id: "c", instance: "two", node: "n" },
  ];
  for (const call of CALLS) {
    const order = new Rendezvous(hash, list);
    assert.notEqual(order.successor(call)?.instance, order.owner(call)?.instance);
    assert.equal(new Rendezvous(hash, list.slice(0, 2)).successor(call), undefined);
  }
});

test("where a whole node dies, the successor is the new owner", () => {
  fc.assert(
    fc.property(members, fc.string(), (list, call) => {
      const order = new Rendezvous(hash, list);
      const owner = order.owner(call) as Member;
      const left = list.filter(({ node }) => node !== owner.node);
      fc.pre(left.length > 0);
      assert.equal(new Rendezvous(hash, left).owner(call)?.id, order.successor(call)?.id);
    }),
  );
});

test("calls spread evenly: with 8 members none has less than half or more than twice its share", () => {
  const list = Array.from({ length: 8 }, (_, at): Member => ({ id: `m${at}`, instance: `t${at}`, node: "n" }));
  const order = new Rendezvous(hash, list);
  const counts = new Map<string, number>();
  for (let at = 0; at < 8000; at++) {
    const id = order.owner(`call-${at}`)?.id as string;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  for (const { id } of list) {
    const count = counts.get(id) ?? 0;
    assert.ok(count > 500 && count < 2000, `${id} has ${count}`);
  }
});

test("nobody owns a call where nobody is", () => {
  assert.equal(new Rendezvous(hash, []).owner("call"), undefined);
  assert.equal(new Rendezvous(hash, []).successor("call"), undefined);
});
