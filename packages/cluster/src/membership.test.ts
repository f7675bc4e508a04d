import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Instance, Membership } from "./cluster.ts";
import { type MembershipEvent, type MembershipView, membersOf, receive, UNKNOWN } from "./membership.ts";

const instance = (id: string, ...members: string[]): Instance => ({ id, node: "n1", targets: [], members });
const [A, B] = [instance("a", "a1"), instance("b", "b1", "b2")];
const empty: MembershipView = { self: "a", list: UNKNOWN, present: [], store: "connected" };
const listOf = (number: number, ...instances: Instance[]): Membership => ({ number, members: membersOf(instances) });

function after(view: MembershipView, ...events: MembershipEvent[]) {
  let step = receive(view, events[0] as MembershipEvent);
  for (const event of events.slice(1)) step = receive(step.view, event);
  return step;
}

test("who brings members puts them on the list, and nobody else's", () => {
  const { effects } = after(empty, { type: "present", instances: [A, B] });
  assert.deepEqual(effects, [{ type: "propose", list: listOf(1, A) }]);
  const joining = after(empty, { type: "listed", list: listOf(7, B) }, { type: "present", instances: [A, B] });
  assert.deepEqual(joining.effects, [{ type: "propose", list: listOf(8, A, B) }]);
});

test("a list that says who is there is taken, and nothing is proposed", () => {
  const { view, effects } = after(empty, { type: "present", instances: [A] }, { type: "listed", list: listOf(7, A) });
  assert.equal(view.list.number, 7);
  assert.deepEqual(effects, [{ type: "changed" }]);
});

test("who died is taken off the list", () => {
  const { effects } = after(empty, { type: "listed", list: listOf(7, A, B) }, { type: "present", instances: [B] });
  assert.deepEqual(effects, [{ type: "propose", list: listOf(8, B) }]);
});

test("who has not noticed a death yet does not bring the dead back", () => {
  const { effects } = after(empty, { type: "present", instances: [A, B] }, { type: "listed", list: listOf(8, A) });
  assert.deepEqual(effects, [{ type: "changed" }]);
});

test("while the store is away the list is frozen, and thawed afterwards", () => {
  const frozen = after(
    empty,
    { type: "listed", list: listOf(7, A, B) },
    { type: "store", state: "away" },
    { type: "present", instances: [B] },
  );
  assert.deepEqual(frozen.effects, []);
  assert.deepEqual(frozen.view.list, listOf(7, A, B));
  assert.deepEqual(receive(frozen.view, { type: "store", state: "connected" }).effects, [
    { type: "propose", list: listOf(8, B) },
  ]);
});

test("a store that comes back empty or older gets the list anew, with a higher number", () => {
  const held = after(empty, { type: "present", instances: [A, B] }, { type: "listed", list: listOf(7, A, B) }).view;
  assert.deepEqual(receive(held, { type: "unlisted" }).effects, [{ type: "propose", list: listOf(8, A, B) }]);
  assert.deepEqual(receive(held, { type: "listed", list: listOf(3, B) }).effects, [
    { type: "propose", list: listOf(8, A, B) },
  ]);
});

test("the number of the list that holds never goes back, whatever is heard", () => {
  const event: fc.Arbitrary<MembershipEvent> = fc.oneof(
    fc.record({ type: fc.constant("listed" as const), list: fc.nat(20).map((number) => listOf(number, A)) }),
    fc.constant({ type: "unlisted" } as const),
    fc.subarray([A, B]).map((instances) => ({ type: "present" as const, instances })),
    fc.constantFrom("connected" as const, "away" as const).map((state) => ({ type: "store" as const, state })),
  );
  fc.assert(
    fc.property(fc.array(event), (events) => {
      let view = empty;
      for (const one of events) {
        const next = receive(view, one);
        assert.ok(next.view.list.number >= view.list.number);
        for (const effect of next.effects) {
          if (effect.type === "propose") assert.ok(effect.list.number > next.view.list.number);
        }
        view = next.view;
      }
    }),
  );
});
