import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Cluster, Instance } from "@sipmesh/cluster";
import { settled, VirtualClock } from "@sipmesh/environment/testing";
import { nameHash } from "@sipmesh/sip-core";
import { Relays } from "./relays.ts";

const edge: Instance = { id: "edge-1", node: "one", targets: ["edge"], members: [] };

function relay(id: string, name: string, { node = "one", incarnation = 1, load = 0 } = {}): Instance {
  return { id, node, targets: ["media"], members: [], relay: { name, incarnation, load } };
}

function world(...instances: Instance[]) {
  const clock = new VirtualClock();
  let present = [edge, ...instances];
  let tell = () => {};
  const cluster = {
    instances: (target: string) => present.filter(({ targets }) => targets.includes(target)),
    onChange(run: () => void) {
      tell = run;
      return { close() {} };
    },
  };
  const relays = new Relays(cluster as unknown as Cluster, clock);
  const change = (...now: Instance[]) => {
    present = [edge, ...now];
    tell();
  };
  const holder = (name: string, within = 5000, except: readonly string[] = []) =>
    relays.holder(nameHash(name), new Set(except), within);
  const shares = (calls = 4000) => {
    const counts = new Map<string, number>();
    for (let call = 0; call < calls; call++) {
      const chosen = relays.choose(`call-${call}@example.com`, "edge-1", new Set()) ?? "nobody";
      counts.set(chosen, (counts.get(chosen) ?? 0) + 1 / calls);
    }
    return counts;
  };
  return { clock, relays, change, holder, shares };
}

const none = new Set<string>();
const about = (share: number | undefined, expected: number) =>
  assert.ok(Math.abs((share ?? 0) - expected) < 0.05, `${share} instead of ${expected}`);

describe("who holds a session", () => {
  it("is who has the relay's name, and of two the one that came last", async () => {
    const { holder } = world(
      relay("m-2", "one:1", { incarnation: 2 }),
      relay("m-1", "one:1", { incarnation: 1 }),
      relay("m-3", "one:2"),
    );
    assert.equal(await holder("one:1"), "m-2");
    assert.equal(await holder("one:2"), "m-3");
  });

  it("is waited for where it is gone", async () => {
    const { holder, change } = world(relay("m-1", "one:1"), relay("m-9", "two:1"));
    change(relay("m-9", "two:1"));
    let found: string | undefined;
    void holder("one:1").then((instance) => {
      found = instance;
    });
    await settled();
    assert.equal(found, undefined);
    change(relay("m-9", "two:1"), relay("m-2", "one:1", { incarnation: 2 }));
    await settled();
    assert.equal(found, "m-2");
  });

  it("is waited for where presence has it still and it is known to be gone", async () => {
    const { holder, change } = world(relay("m-1", "one:1"));
    const found = holder("one:1", 5000, ["m-1"]);
    change(relay("m-1", "one:1"), relay("m-2", "one:1", { incarnation: 2 }));
    assert.equal(await found, "m-2");
  });

  it("is waited for where it may have gone just before we came", async () => {
    const { holder, change } = world();
    const found = holder("one:1");
    await settled();
    change(relay("m-2", "one:1", { incarnation: 2 }));
    assert.equal(await found, "m-2");
  });

  it("is waited for no longer than is said, and not at all where nobody ever had that name or lost it long ago", async () => {
    const { clock, holder, change } = world(relay("m-1", "one:1"));
    clock.after(30_000, () => {});
    clock.step();
    const began = clock.now();
    assert.equal(await holder("never"), undefined);
    change();
    const waited = holder("one:1");
    clock.step();
    assert.equal(await waited, undefined);
    assert.equal(clock.now() - began, 5000);
    clock.after(30_000, () => {});
    clock.step();
    assert.equal(await holder("one:1"), undefined);
  });

  it("is nobody once the service ends", async () => {
    const { relays, holder, change } = world(relay("m-1", "one:1"));
    change();
    const waited = holder("one:1");
    relays.close();
    assert.equal(await waited, undefined);
  });

  it("is the process itself where it is of the version before, which had no names", async () => {
    const { holder } = world({ id: "media-x", node: "one", targets: ["media"], members: [] });
    assert.equal(await holder("media-x"), "media-x");
  });
});

describe("a relay for a new session", () => {
  it("is on the node of the caller's edge, whatever the others have left", () => {
    const { shares } = world(
      relay("near-1", "one:1", { load: 0.75 }),
      relay("near-2", "one:2", { load: 0.75 }),
      relay("far", "two:1", { node: "two" }),
    );
    about(shares().get("near-1"), 0.5);
    about(shares().get("near-2"), 0.5);
  });

  it("is elsewhere where the near ones are busy, go, or are not there", () => {
    for (const near of [[], [relay("near", "one:1", { load: 0.875 })], [relay("near", "one:1", { load: 1 })]]) {
      const { shares } = world(...near, relay("far", "two:1", { node: "two" }));
      assert.ok((shares().get("far") ?? 0) > 0.8);
    }
  });

  it("gets calls by what it has left", () => {
    const far = { node: "two" };
    const { shares } = world(
      relay("a", "two:1", { ...far, load: 0 }),
      relay("b", "two:2", { ...far, load: 0.5 }),
      relay("c", "two:3", { ...far, load: 1 }),
    );
    about(shares().get("a"), 2 / 3);
    about(shares().get("b"), 1 / 3);
    assert.equal(shares().get("c"), undefined);
  });

  it("is one that wants no calls only where no other is left", () => {
    const { relays } = world(relay("a", "one:1", { load: 1 }));
    assert.equal(relays.choose("c", "edge-1", none), "a");
    assert.equal(relays.choose("c", "edge-1", new Set(["a"])), undefined);
  });

  it("stays the same for a call when others come and go", () => {
    const two = [relay("a", "one:1"), relay("b", "one:2")];
    const { relays, change } = world(...two);
    const calls = Array.from({ length: 200 }, (_, index) => `call-${index}`);
    const before = calls.map((call) => relays.choose(call, "edge-1", none));
    change(...two, relay("c", "one:3"));
    for (const [index, call] of calls.entries()) {
      const now = relays.choose(call, "edge-1", none);
      assert.ok(now === before[index] || now === "c");
    }
  });
});
