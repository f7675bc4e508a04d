import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { settled, VirtualClock } from "@sipmesh/environment/testing";
import { memoryStore } from "@sipmesh/store";
import { Claim } from "./claim.ts";

describe("the name of a relay", () => {
  const claims: Claim[] = [];
  afterEach(() => {
    for (const claim of claims.splice(0)) claim.close();
  });

  async function world() {
    const clock = new VirtualClock();
    const bucket = await memoryStore().bucket("relays");
    const lost: string[] = [];
    const take = async (instance: string, name = "node:1") => {
      const failed = (error: unknown) => assert.fail(String(error));
      const told = (to: string) => void lost.push(`${instance} to ${to}`);
      const claim = await Claim.take({ bucket, clock, name, instance, lost: told, failed });
      claims.push(claim);
      return claim;
    };
    const pass = async (milliseconds: number) => {
      const end = clock.now() + milliseconds;
      while (clock.now() < end && clock.next !== undefined) {
        clock.step();
        await settled();
      }
    };
    return { clock, take, lost, pass };
  }

  it("belongs to who took it last; who had it before is told", async () => {
    const { take, lost } = await world();
    const first = await take("a");
    await take("x", "node:2");
    const second = await take("b");
    await settled();
    assert.deepEqual([first.incarnation, second.incarnation], [1, 2]);
    assert.deepEqual(lost, ["a to b"]);
  });

  it("tells who follows until when somebody had it", async () => {
    const { clock, take, pass } = await world();
    const first = await take("a");
    assert.equal(first.former, undefined);
    const began = clock.now();
    await pass(100_000);
    first.close();
    const died = clock.now();
    const second = await take("b");
    const former = second.former ?? 0;
    assert.ok(former > began && died - former <= 30_000, `${died - former} ms`);
  });
});
