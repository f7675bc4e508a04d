import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planOf } from "./plan.ts";
import { type Outcome, run } from "./run.ts";

const LONG = process.env.SIPMESH_TEST_LONG !== undefined;
/** Seeds that are run, in batches. */
const BATCH = 50;
const BATCHES = LONG ? 100 : 6;

function story({ plan, violations, ladder }: Outcome): string {
  const lines = violations.map(({ rule, what, callId = "" }) => `${rule}: ${what} ${callId}`);
  const callId = violations.find((violation) => violation.callId !== undefined)?.callId;
  const drawn = callId === undefined ? "" : `\n${ladder(callId)}`;
  return `seed ${plan.seed} (npm run simulate -- --seeds 1 --seed ${plan.seed})\n${lines.join("\n")}${drawn}`;
}

describe("the platform under virtual time, network and chance", () => {
  const total = { established: 0, cancelled: 0, refused: 0, forked: 0, held: 0, lost: 0, bindings: 0 };
  const seen = new Set<string>();

  for (let batch = 0; batch < BATCHES; batch++) {
    const first = batch * BATCH + 1;
    it(`keeps its rules for seeds ${first} to ${first + BATCH - 1}`, async () => {
      for (let seed = first; seed < first + BATCH; seed++) {
        const outcome = await run(planOf(seed));
        assert.equal(outcome.violations.length, 0, story(outcome));
        for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += outcome.counts[key];
        const { disaster, platform, weatherName } = outcome.plan;
        for (const name of [platform.shape, platform.media, weatherName, disaster?.what ?? "no disaster"])
          seen.add(name);
      }
    });
  }

  it("has met all that it is about: calls of every outcome, loss, both shapes, every disaster", () => {
    for (const [what, count] of Object.entries(total)) assert.ok(count > BATCHES, `${what}: ${count}`);
    const all = [
      "all",
      "split",
      "always",
      "never",
      "fair",
      "rough",
      "stormy",
      "no disaster",
      "store-away",
      "crash",
      "leave",
      "join",
      "cut-off",
      "sleep",
      "rollout",
      "broker-server-lost",
    ];
    assert.deepEqual([...seen].sort(), all.sort());
  });

  it("runs the same again for the same seed, message by message", async () => {
    for (const seed of [1, 2, 3, 42, 193, 497]) {
      const [one, other] = [await run(planOf(seed)), await run(planOf(seed))];
      assert.equal(one.digest, other.digest, `seed ${seed}`);
      assert.ok(one.counts.messages > 0);
    }
  });

  it("runs differently for another seed", async () => {
    const [one, other] = [await run(planOf(1)), await run(planOf(2))];
    assert.notEqual(one.digest, other.digest);
  });
});
