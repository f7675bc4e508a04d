import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { PortPool } from "./port-pool.ts";

describe("the pool of ports", () => {
  it("lends even ports whose odd neighbour is in the range too", () => {
    const pool = new PortPool(30001, 30006, 0, () => 0);
    const taken = [pool.take(0), pool.take(0), pool.take(0)];
    assert.deepEqual(taken.toSorted(), [30002, 30004, undefined]);
  });

  it("never lends a port twice, nor before it has rested", () => {
    const step = fc.record({ take: fc.boolean(), which: fc.nat(20), wait: fc.nat(400) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const pool = new PortPool(30000, 30019, 1000, (below) => below - 1);
        const lent: number[] = [];
        const back = new Map<number, number>();
        let now = 0;
        for (const { take, which, wait } of steps) {
          now += wait;
          if (take) {
            const port = pool.take(now);
            if (port === undefined) {
              const rested = [...back.values()].some((since) => now - since >= 1000);
              assert.ok(lent.length + back.size === 10 && !rested, "a free port is lent");
              continue;
            }
            assert.ok(!lent.includes(port));
            assert.ok(now - (back.get(port) ?? -1000) >= 1000);
            back.delete(port);
            lent.push(port);
          } else if (lent.length > 0) {
            const [port = 0] = lent.splice(which % lent.length, 1);
            pool.giveBack(port, now);
            back.set(port, now);
          }
          assert.equal(pool.lent, lent.length);
          assert.equal(pool.size, 10);
        }
      }),
    );
  });

  it("lends in an order that the random source decides", () => {
    const order = (below: (bound: number) => number) => {
      const pool = new PortPool(30000, 30099, 0, below);
      return Array.from({ length: 50 }, () => pool.take(0));
    };
    assert.notDeepEqual(
      order((bound) => bound - 1),
      order(() => 0),
    );
    assert.equal(new Set(order(() => 0)).size, 50);
  });

  it("lends to nobody else what is reserved, and keeps no port that is not its own", () => {
    const pool = new PortPool(30000, 30007, 0, () => 0);
    pool.reserve(30004);
    pool.reserve(40000);
    assert.deepEqual([0, 0, 0, 0].map(() => pool.take(0)).toSorted(), [30000, 30002, 30006, undefined]);
    assert.equal(pool.lent, 5);
    pool.giveBack(40000, 0);
    pool.giveBack(30004, 0);
    assert.deepEqual([pool.take(0), pool.take(0)], [30004, undefined]);
    assert.equal(pool.lent, 4);
  });
});
