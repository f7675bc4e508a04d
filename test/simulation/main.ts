// `npm run simulate -- [--seeds N] [--seed S] [--show]`: runs the seeds S, S+1, … and draws the ladder of each call that
// failed; with --show the plan and the ladder of everything, failed or not.
import { parseArgs } from "node:util";
import { planOf } from "./plan.ts";
import { type Outcome, run } from "./run.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    show: { type: "boolean", default: false },
  },
});
const first = Number(values.seed);
const count = Number(values.seeds);
if (!(Number.isSafeInteger(first) && Number.isSafeInteger(count) && count > 0)) {
  console.error("usage: npm run simulate -- [--seeds N] [--seed S] [--show]");
  process.exit(2);
}

/** Ladders drawn for one seed at most. */
const LADDERS = 3;

function report({ plan, violations, ladder }: Outcome): void {
  console.log(`\nseed ${plan.seed} failed: npm run simulate -- --seeds 1 --seed ${plan.seed} shows it again`);
  console.log(JSON.stringify(plan, undefined, 1));
  for (const { rule, what, callId } of violations) {
    console.log(`  ${rule}: ${what}${callId === undefined ? "" : ` in ${callId}`}`);
  }
  const calls = new Set(violations.flatMap(({ callId }) => callId ?? []));
  for (const callId of [...calls].slice(0, LADDERS)) console.log(`\n${callId}\n${ladder(callId)}`);
}

let failed = 0;
const began = performance.now();
for (let seed = first; seed < first + count; seed++) {
  const outcome = await run(planOf(seed));
  if (outcome.violations.length > 0) {
    failed++;
    report(outcome);
  }
  if (values.show) {
    console.log(`seed ${seed}: ${JSON.stringify(outcome.counts)}`);
    console.log(`${JSON.stringify(outcome.plan, undefined, 1)}\n${outcome.ladder()}`);
  }
  const done = seed - first + 1;
  if (done % 100 === 0) {
    console.log(`${done} of ${count} seeds, ${failed} failed, ${Math.round((performance.now() - began) / 1000)} s`);
  }
}
console.log(`${count - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
