import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clock } from "@sipmesh/environment";
import type { Instance } from "./cluster.ts";
import { Presence } from "./presence.ts";

/** A bus and a clock of the test's own: time passes when it is told to. */
class World {
  state: "connected" | "away" = "connected";
  #now = 1_000_000;
  #timers: { due: number; run: () => void; order: number }[] = [];
  #order = 0;
  readonly #listeners = new Set<(payload: Uint8Array) => void>();

  readonly clock: Clock = {
    now: () => this.#now,
    after: (ms, run) => {
      const timer = { due: this.#now + ms, run, order: this.#order++ };
      this.#timers.push(timer);
      return {
        cancel: () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
        },
      };
    },
  };

  signal(_subject: string, payload: Uint8Array): void {
    if (this.state === "connected") for (const listener of [...this.#listeners]) listener(payload);
  }

  listen(_subject: string, receive: (payload: Uint8Array) => void) {
    this.#listeners.add(receive);
    return { close: () => void this.#listeners.delete(receive) };
  }

  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#timers
        .filter(({ due }) => due <= end)
        .sort((one, other) => one.due - other.due || one.order - other.order)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = next.due;
      next.run();
    }
    this.#now = end;
  }

  join(id: string, more: Partial<Instance> = {}) {
    const self = { id, node: "n", targets: [], members: [], ...more };
    let changes = 0;
    const presence = new Presence({
      signals: this,
      subject: "s",
      clock: this.clock,
      self: () => self,
      changed: () => {
        changes += 1;
      },
    });
    return { presence, self, changes: () => changes, ids: () => presence.others.map((other) => other.id).sort() };
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
  world.pass(60_000);
  assert.deepEqual(a.ids(), ["b"]);
  assert.equal(a.changes(), 1);
  b.presence.stop();
  world.pass(1400);
  assert.deepEqual(a.ids(), ["b"]);
  world.pass(1600);
  assert.deepEqual(a.ids(), []);
});

test("a goodbye is heard at once, and a late heartbeat does not bring back who has gone", () => {
  const world = new World();
  const [a, b] = [world.join("a"), world.join("b")];
  b.presence.leave();
  assert.deepEqual(a.ids(), []);
  world.signal("s", Buffer.from(JSON.stringify({ is: "there", instance: b.self, asks: false })));
  assert.deepEqual(a.ids(), []);
});

test("while the bus is away nobody is taken for dead, nor right after it", () => {
  const world = new World();
  const a = world.join("a");
  world.join("b");
  world.state = "away";
  world.pass(60_000);
  assert.deepEqual(a.ids(), ["b"]);
  world.state = "connected";
  world.pass(10_000);
  assert.deepEqual(a.ids(), ["b"]);
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
