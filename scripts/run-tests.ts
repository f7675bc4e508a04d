// Runs the tests of one package: `node ../../scripts/run-tests.ts FOLDER [FILE…]`. Ends with a line of counts, and leaves
// the same in `.turbo/results.json` for `npm test` to add up. Finding no test at all is a failure, where node --test
// would be content.
import { globSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";
import { failures } from "./lib/failures.ts";
import { count, line, nothing, type Results } from "./lib/results.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Test files at a time. */
    concurrency: { type: "string", default: "2" },
    /** Seconds for one file. */
    timeout: { type: "string", default: "120" },
    /** Seconds for all of them; what was not done by then counts as failed. Absent: as long as it takes. */
    within: { type: "string" },
    /** What failed is told as soon as it does, and not in the end alone. */
    "at-once": { type: "boolean", default: false },
  },
});
const folder = resolve(positionals[0] ?? ".");
const named = positionals.slice(1).map((file) => resolve(file));
const files = named.length > 0 ? named : findTests(folder);
const results: Results = nothing();
if (files.length === 0) {
  console.error(`${folder}: no *.test.ts found`);
  finish();
  process.exit();
}
const late = values.within === undefined ? undefined : AbortSignal.timeout(Number(values.within) * 1000);
const stream = run({
  files,
  ...(late && { signal: late }),
  concurrency: Number(values.concurrency),
  timeout: Number(values.timeout) * 1000,
  cwd: folder,
});
stream.on("test:pass", ({ name, skip, todo, details }) => {
  // What is left out as a whole is not told test by test.
  if (skip !== undefined) results.skipped.push({ name, reason: typeof skip === "string" ? skip : "no reason given" });
  else if (details.type === "suite") return;
  // A mark without a reason excuses nothing, and one that is out of date is to go.
  else if (todo !== undefined && typeof todo !== "string")
    results.failed.push({ name, reason: "it is marked todo without a reason" });
  else if (todo !== undefined) results.notYet.push({ name, reason: `${todo}; this time it held` });
  else results.passed += 1;
});
stream.on("test:fail", ({ name, todo, details }) => {
  if (typeof todo === "string") {
    results.notYet.push({ name, reason: todo });
    return;
  }
  // A suite fails with its tests, which are counted, or by what it does before and after them.
  const { failureType } = details.error as { failureType?: string };
  if (details.type === "suite" && failureType === "subtestsFailed") return;
  const whole = String(details.error.cause ?? details.error);
  if (values["at-once"]) console.log(whole);
  const [reason = ""] = whole.split("\n");
  results.failed.push({ name, reason });
});
stream.once("end", finish);
if (process.env.SIPMESH_TEST_BRIEF === undefined) stream.compose(spec).pipe(process.stdout);
else stream.compose(failures).pipe(process.stdout);

/** Counts, for people and for `npm test`. */
function finish(): void {
  if (count(results) === 0) results.failed.push({ name: folder, reason: "there is no test" });
  mkdirSync(join(folder, ".turbo"), { recursive: true });
  writeFileSync(join(folder, ".turbo", "results.json"), `${JSON.stringify(results)}\n`);
  console.log(line(results));
  process.exitCode = results.failed.length === 0 ? 0 : 1;
}

function findTests(within: string): string[] {
  const everywhere = globSync("**/*.test.ts", { cwd: within, exclude: (path) => path === "node_modules" });
  return everywhere.map((file) => join(within, file)).sort();
}
