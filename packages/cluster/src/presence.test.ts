import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@sipmesh/environment/testing";
import type { Instance } from "./cluster.ts";
import { Presence } from "./presence.ts";

/** A bus and a clock of the test's own: time passes when it is told to. */
class World {
  state: "connected" | "away" = "connected";
  /** The broker takes what it is given, and passes nothing on. */
  hangs = false;
  #passed = 0;
  readonly clock = new VirtualClock();
  readonly #listeners = new Set<(payload: Uint8Array) => void>();

  signal(_subject: string, payload: Uint8Array): void {
    if (this.state === "away" || this.hangs) return;
    this.#passed = this.clock.now();
    for (const listener of [...this.#listeners]) listener(payload);
  }

  get silence(): number {
    return this.clock.now() - this.#passed;
  }

  listen(_subject: string, receive: (payload: Uint8Array) => void) {
    this.#listeners.add(receive);
    return { close: () => void this.#listeners.delete(receive) };
  }

  join(id: string, more: Partial<Instance> = {}, list = 0) {
    const self = { id, node: "n", targets: [], members: [], ...more };
    let changes = 0;
    let behind = 0;
    const presence: Presence = new Presence({
      signals: this,
      subject: "s",
      clock: this.clock,
      self: () => self,
      list: () => list,
      behind: () => {
        behind += 1;
      },
      changed: () => {
        changes += 1;
      },
      heardAgain: () => presence.trust(),
    });
    const ids = () => presence.others.map((other) => other.id).sort();
    return { presence, self, changes: () => changes, behind: () => behind, ids };
  }
}

test("who comes and who was there know of each other at once", () => {
  const world = new World();
  const [a, b, c] = [world.join("a"), world.join("b"), world.join("c")];
  assert.deepEqual(a.ids(), ["b", "c"]);
  assert.deepEqual(b.ids(), ["a", "c"]);
  assert.deepEqual(c.ids(), ["a", "b"]);
});

test("a death is noticed within 3 s, and life goes on unnoticed", () => {
  const world = new World();
  const [a, b] = [world.join("a"), world.join("b")];
  world.clock.run(60_000);
  assert.deepEqual(a.ids(), ["b"]);
  assert.equal(a.changes(), 1);
  b.presence.stop();
  world.clock.run(1400);
  assert.deepEqual(a.ids(), ["b"]);
  world.clock.run(1600);
  assert.deepEqual(a.ids(), []);
});

test("who knows an older list of owners than another hears so with that one's heartbeat", () => {
  const world = new World();
  const [a, b] = [world.join("a", {}, 2), world.join("b", {}, 3)];
  world.clock.run(3000);
  assert.deepEqual([a.behind() >= 3, b.behind()], [true, 0]);
});

test("a goodbye is heard at once, and a late heartbeat does not bring back who has gone", () => {
  const world = new World();
  const [a, b] = [world.join("a"), world.join("b")];
  b.presence.leave();
  assert.deepEqual(a.ids(), []);
  world.signal("s", Buffer.from(JSON.stringify({ is: "there", instance: b.self, asks: false })));
  assert.deepEqual(a.ids(), []);
});

test("who was put on the list is there with its members for as long as a death takes, or until it says so itself", () => {
  const world = new World();
  const a = world.join("a");
  const b = world.join("b", { targets: ["transaction"] });
  const members = () => a.presence.others.map(({ id, targets, members }) => [id, ...targets, ...members]);
  a.presence.assume({ id: "b", node: "n", members: ["b-0"] });
  a.presence.assume({ id: "c", node: "n", members: ["c-0"] });
  a.presence.assume({ id: "a", node: "n", members: ["a-0"] });
  assert.deepEqual(members(), [
    ["b", "transaction", "b-0"],
    ["c", "c-0"],
  ]);
  world.clock.run(1100);
  assert.deepEqual(members()[0], ["b", "transaction"], "its own word counts");
  world.clock.run(1900);
  assert.deepEqual(a.ids(), ["b"]);
  b.presence.leave();
  a.presence.assume({ id: "b", node: "n", members: ["b-0"] });
  assert.deepEqual(a.ids(), [], "who said goodbye is gone");
});

test("while the bus is away nobody is taken for dead, nor right after it", () => {
  const world = new World();
  const a = world.join("a");
  world.join("b");
  world.state = "away";
  world.clock.run(60_000);
  assert.deepEqual(a.ids(), ["b"]);
  world.state = "connected";
  world.clock.run(10_000);
  assert.deepEqual(a.ids(), ["b"]);
});

test("who has just come has not heard of everybody yet, however long it sleeps or hears nothing", () => {
  const world = new World();
  const a = world.join("a");
  assert.equal(a.presence.complete, false);
  world.clock.run(1000);
  world.state = "away";
  world.clock.run(60_000);
  assert.equal(a.presence.complete, false);
  world.state = "connected";
  world.clock.run(3000);
  assert.equal(a.presence.complete, true);
});

test("a broker that hangs, and is not known to be away, makes nobody dead; who died meanwhile is noticed afterwards", () => {
  const world = new World();
  const [a, b] = [world.join("a"), world.join("b")];
  world.join("c");
  world.clock.run(700);
  assert.equal(a.presence.doubtful, false);
  world.hangs = true;
  world.clock.run(60_000);
  assert.deepEqual(a.ids(), ["b", "c"]);
  assert.equal(a.presence.doubtful, true, "others may hear each other");
  b.presence.stop();
  world.hangs = false;
  world.clock.run(2000);
  assert.equal(a.presence.doubtful, false);
  assert.deepEqual(a.ids(), ["b", "c"]);
  world.clock.run(3000);
  assert.deepEqual(a.ids(), ["c"]);
});

test("what an instance announces is told once, and what is no signal of ours is passed over", () => {
  const world = new World();
  const a = world.join("a");
  const b = world.join("b");
  const before = a.changes();
  Object.assign(b.self, { targets: ["edge"] });
  b.presence.announce();
  b.presence.announce();
  assert.equal(a.changes(), before + 1);
  assert.deepEqual(a.presence.others[0]?.targets, ["edge"]);
  for (const junk of ["", "null", "[]", '{"is":"there","instance":{}}', '{"is":"there"}']) {
    world.signal("s", Buffer.from(junk));
  }
  assert.deepEqual(a.ids(), ["b"]);
});
