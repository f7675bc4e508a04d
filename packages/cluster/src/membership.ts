import type { Instance, Member, Membership } from "./cluster.ts";
import { inOrder } from "./stored-list.ts";

/** What an instance knows when it thinks about the list of owners. */
export interface MembershipView {
  /** Its own id. */
  readonly self: string;
  /** The list that holds. */
  readonly list: Membership;
  /** Who is there, itself included. */
  readonly present: readonly Instance[];
  /** While the store is away nobody can change the list: what it says holds on. */
  readonly store: "connected" | "away";
}

export type MembershipEvent =
  | { readonly type: "listed"; readonly list: Membership }
  /** The store has no list: it is new, or came back empty. */
  | { readonly type: "unlisted" }
  | { readonly type: "present"; readonly instances: readonly Instance[] }
  | { readonly type: "store"; readonly state: "connected" | "away" };

export type MembershipEffect =
  /** The list that holds is another one. */
  | { readonly type: "changed" }
  /** Write this list where the one in the store has a lower number. */
  | { readonly type: "propose"; readonly list: Membership };

export interface MembershipStep {
  readonly view: MembershipView;
  readonly effects: readonly MembershipEffect[];
}

export const UNKNOWN: Membership = { number: 0, members: [] };

/** The pure core: from what was heard to the list that holds and the list that should. */
export function receive(view: MembershipView, event: MembershipEvent): MembershipStep {
  switch (event.type) {
    case "listed": {
      // An older one is what a store that came back still has: it is to be overwritten.
      if (event.list.number <= view.list.number) return think(view, event.list.number < view.list.number);
      const step = think({ ...view, list: event.list }, false);
      return { view: step.view, effects: [{ type: "changed" }, ...step.effects] };
    }
    case "unlisted":
      return think(view, true);
    case "present":
      return think({ ...view, present: event.instances }, false);
    case "store":
      return think({ ...view, store: event.state }, false);
  }
}

function think(view: MembershipView, rewrite: boolean): MembershipStep {
  if (view.store === "away") return { view, effects: [] };
  const members = expected(view);
  if (sameMembers(members, view.list.members) && !rewrite) return { view, effects: [] };
  return { view, effects: [{ type: "propose", list: { number: view.list.number + 1, members } }] };
}

/**
 * What the list should say: without who is gone, and with ourselves. Each instance puts its own members on it and nobody
 * else's, so that who has not noticed a death yet does not bring the dead back.
 */
export function expected({ self, list, present }: MembershipView): Member[] {
  const there = membersOf(present);
  const ids = new Set(there.map(({ id }) => id));
  const listed = new Set(list.members.map(({ id }) => id));
  const own = there.filter(({ id, instance }) => instance === self && !listed.has(id));
  return inOrder([...list.members.filter(({ id }) => ids.has(id)), ...own]);
}

/** The members of all who are there, in the order of their ids. */
export function membersOf(instances: readonly Instance[]): Member[] {
  return inOrder(
    instances.flatMap(({ id, node, members }) => members.map((member): Member => ({ id: member, instance: id, node }))),
  );
}

export function sameMembers(one: readonly Member[], other: readonly Member[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ id, instance, node }, at) => {
      const there = other[at];
      return id === there?.id && instance === there.instance && node === there.node;
    })
  );
}
