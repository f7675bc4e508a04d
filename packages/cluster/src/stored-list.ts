import type { Member, Membership } from "./cluster.ts";
import type { FormerList } from "./former-lists.ts";

/**
 * The list of owners as the store has it: with those that held before it, the latest first, so that who has just come
 * knows whom to ask about a call that became its own.
 */
export interface StoredList extends Membership {
  readonly former: readonly FormerList[];
}

/** A former list, told by what distinguishes it from the one that replaced it. */
interface Difference {
  readonly number: number;
  readonly age: number;
  readonly without: readonly string[];
  readonly with: readonly Member[];
}

/** As JSON. */
interface Stored extends Membership {
  /** Milliseconds since the epoch. */
  readonly written?: number;
  readonly former?: readonly Difference[];
}

/** @param now milliseconds since the epoch: ages are those at the time of writing */
export function encodeStoredList({ number, members, former }: StoredList, now: number): Uint8Array {
  let later = members;
  const differences = former.map((list): Difference => {
    const difference = {
      number: list.number,
      age: Math.round(list.age),
      without: missingIn(list.members, later).map(({ id }) => id),
      with: missingIn(later, list.members),
    };
    later = list.members;
    return difference;
  });
  return Buffer.from(JSON.stringify({ number, members, written: Math.round(now), former: differences }));
}

/**
 * @param now milliseconds since the epoch: ages are those at the time of reading
 * @throws Error where it is no list
 */
export function decodeStoredList(bytes: Uint8Array, now: number): StoredList {
  const read = JSON.parse(Buffer.from(bytes).toString()) as Stored;
  if (!Number.isSafeInteger(read.number) || !Array.isArray(read.members))
    throw new Error("the membership list is damaged");
  const members: readonly Member[] = read.members.map(plain);
  let later = members;
  const since = Math.max(0, now - (read.written ?? now));
  // The release before this one wrote none.
  const former = (read.former ?? []).map((list): FormerList => {
    const without = new Set(list.without);
    later = inOrder([...later.filter(({ id }) => !without.has(id)), ...list.with.map(plain)]);
    return { number: list.number, members: later, age: list.age + since };
  });
  return { number: read.number, members, former };
}

export function inOrder(members: readonly Member[]): Member[] {
  return members.toSorted((one, other) => (one.id < other.id ? -1 : one.id > other.id ? 1 : 0));
}

function plain({ id, instance, node }: Member): Member {
  return { id, instance, node };
}

function missingIn(list: readonly Member[], of: readonly Member[]): Member[] {
  const there = new Set(list.map(({ id }) => id));
  return of.filter(({ id }) => !there.has(id));
}
