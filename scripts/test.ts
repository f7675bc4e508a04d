// `npm test`: everything that is checked, in stages from quick to slow; the last line counts. `npm run test:long` is the
// same with more seeds and longer load.
import { spawnSync } from "node:child_process";
import { globSync, readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { CHECKS } from "./lib/checks.ts";
import { allOnPath, findPrograms, WANTED } from "./lib/programs.ts";
import { add, line, type Results } from "./lib/results.ts";
import { run } from "./lib/run.ts";

const { values } = parseArgs({
  options: {
    long: { type: "boolean", default: false },
    /** Only stages whose name contains this. */
    only: { type: "string", default: "" },
  },
});
const root = dirname(import.meta.dirname);
const total: Results = { passed: 0, failed: 0, skipped: [] };
const started = Date.now();
const CONTRACTS = ["@sipmesh/bus", "@sipmesh/store", "@sipmesh/runtime"];

process.env.TURBO_TELEMETRY_DISABLED = "1";
process.env.SIPMESH_TEST_BRIEF = "1";
if (values.long) process.env.SIPMESH_TEST_LONG = "1";

await stage("checks of the source", async () => {
  for (const check of CHECKS) {
    const { code, output } = await check.run(root);
    say(`  ${code === 0 ? "✔" : "✖"} ${check.name}`);
    if (code !== 0) console.log(output);
    add(total, { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: [] });
  }
});

await stage("foreign programs", async () => {
  const programs = await findPrograms(WANTED, join(root, ".cache", "programs"), (text) => say(`  … ${text}`));
  for (const { command, path, how } of programs)
    say(`  ${path === undefined ? "–" : "✔"} ${command}: ${how}${path === undefined ? "" : ` (${path})`}`);
  const folders = programs.flatMap(({ path, how }) =>
    path === undefined || how === "on the PATH" ? [] : [dirname(path)],
  );
  process.env.PATH = [...new Set([process.env.PATH ?? "", ...folders, "/usr/sbin", "/sbin"])].join(delimiter);
  // What is there decides what is skipped: turbo's cache must know.
  process.env.SIPMESH_TEST_PROGRAMS = programs.map(({ command, path }) => `${command}=${path ?? ""}`).join(" ");
});

await stage("unit and contract tests", () => turboTests(["--filter=!@sipmesh/test"]));

await stage("contracts with another nats-server", async () => {
  const servers = allOnPath("nats-server").map((path) => ({ path, version: versionOf(path) }));
  const other = servers.find(({ version }) => version !== servers[0]?.version);
  say(`  tests so far used ${servers[0] === undefined ? "none" : `${servers[0].version} (${servers[0].path})`}`);
  if (other === undefined) {
    total.skipped.push({
      name: "contract tests with a second nats-server",
      reason: "there is only one version here; Debian's 2.9 is the oldest that is supported",
    });
    return;
  }
  say(`  once more with ${other.version} (${other.path})`);
  const path = process.env.PATH;
  process.env.PATH = `${dirname(other.path)}${delimiter}${path}`;
  const programs = process.env.SIPMESH_TEST_PROGRAMS;
  process.env.SIPMESH_TEST_PROGRAMS = `nats-server=${other.path}`;
  await turboTests(CONTRACTS.map((name) => `--filter=${name}`));
  process.env.PATH = path;
  process.env.SIPMESH_TEST_PROGRAMS = programs;
});

await stage("end to end", async () => {
  for (const file of globSync("test/**/*.test.ts", { cwd: root, exclude: (path) => path === "node_modules" }).sort()) {
    say(`  ${file}`);
    rmSync(join(root, "test", ".turbo", "results.json"), { force: true });
    const timeout = values.long ? "7200" : "600";
    const { code } = await run("node", ["scripts/run-tests.ts", `--timeout=${timeout}`, "test", file], {
      cwd: root,
      show: true,
    });
    collect(join(root, "test"), code);
  }
});

for (const { name, reason } of total.skipped) say(`skipped: ${name}: ${reason}`);
say(`${Math.round((Date.now() - started) / 1000)} s`);
say(line(total));
process.exitCode = total.failed === 0 ? 0 : 1;

async function stage(name: string, work: () => Promise<void>): Promise<void> {
  if (!name.includes(values.only)) return;
  const begun = Date.now();
  say(`── ${name}`);
  await work();
  say(`   ${((Date.now() - begun) / 1000).toFixed(1)} s; so far ${line(total)}`);
}

/** Runs the packages' own tests, cached where nothing that they depend on changed. */
async function turboTests(filters: readonly string[]): Promise<void> {
  const packages = globSync("{packages,services}/*/package.json", { cwd: root }).map((file) =>
    join(root, dirname(file)),
  );
  for (const folder of packages) rmSync(join(folder, ".turbo", "results.json"), { force: true });
  const { code } = await run(
    "turbo",
    [
      "run",
      "test",
      ...filters,
      "--output-logs=new-only",
      "--log-order=grouped",
      "--continue",
      "--concurrency=2",
      "--ui=stream",
    ],
    { cwd: root, show: true },
  );
  const before = total.failed;
  for (const folder of packages) collect(folder, undefined);
  // A package that ended without a count, or turbo itself.
  if (code !== 0 && total.failed === before) total.failed += 1;
}

/** Adds what the tests of a folder left; `code` is the exit code where it is known to have run. */
function collect(folder: string, code: number | undefined): void {
  try {
    add(total, JSON.parse(readFileSync(join(folder, ".turbo", "results.json"), "utf8")) as Results);
  } catch {
    if (code === undefined) return;
    console.log(`${relative(root, folder)}: the tests ended with ${code} and no result`);
    total.failed += 1;
  }
}

function versionOf(path: string): string {
  return spawnSync(path, ["--version"], { encoding: "utf8" }).stdout.trim();
}

function say(text: string): void {
  console.log(text);
}
