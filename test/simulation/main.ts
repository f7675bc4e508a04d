// `npm run simulate -- --seeds N [--seed S]`: runs seeds S, S+1, … and shows the ladder of what failed.
import { parseArgs } from "node:util";
import { planOf } from "./plan.ts";
import { run } from "./run.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    verbose: { type: "boolean" },
  },
});
const first = Number(values.seed);
const count = Number(values.seeds);
if (!(Number.isSafeInteger(first) && Number.isSafeInteger(count) && count > 0)) {
  console.error("usage: npm run simulate -- [--seeds N] [--seed S]");
  process.exit(2);
}

let failed = 0;
const began = performance.now();
for (let seed = first; seed < first + count; seed++) {
  const { plan, violations, counts, ladder } = await run(planOf(seed));
  if (values.verbose) console.log(`seed ${seed}: ${JSON.stringify(counts)}`);
  if (violations.length > 0) {
    failed++;
    console.log(`\nseed ${seed} failed; \`npm run simulate -- --seeds 1 --seed ${seed}\` shows it again`);
    console.log(JSON.stringify(plan, null, 1));
    for (const { rule, what, callId } of violations)
      console.log(`  ${rule}: ${what}${callId === undefined ? "" : ` in ${callId}`}`);
    const calls = [...new Set(violations.map(({ callId }) => callId))].slice(0, 3);
    for (const callId of calls) if (callId !== undefined) console.log(`\n${callId}\n${ladder(callId)}`);
  }
  if ((seed - first + 1) % 100 === 0) {
    console.log(
      `${seed - first + 1} of ${count} seeds, ${failed} failed, ${Math.round((performance.now() - began) / 1000)} s`,
    );
  }
}
console.log(`${count - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
