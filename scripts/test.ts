// `npm test`: everything that is checked, in stages from quick to slow; the last line counts. `npm run test:long` is the
// same with more seeds and longer load.
import { globSync, readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { CHECKS } from "./lib/checks.ts";
import { type NatsServer, natsServers } from "./lib/nats-servers.ts";
import { findPrograms, WANTED } from "./lib/programs.ts";
import { add, line, nothing, type Results, told } from "./lib/results.ts";
import { run } from "./lib/run.ts";

const { values } = parseArgs({
  options: {
    long: { type: "boolean", default: false },
    /** Only stages whose name contains this. */
    only: { type: "string", default: "" },
  },
});
const root = dirname(import.meta.dirname);
const total: Results = nothing();
const started = Date.now();
/** What talks to NATS: its tests run against the newest and the oldest server. */
const CONTRACTS = ["@sipmesh/bus", "@sipmesh/store", "@sipmesh/rpc", "@sipmesh/runtime"];
let servers: NatsServer[] = [];

process.env.TURBO_TELEMETRY_DISABLED = "1";
process.env.SIPMESH_TEST_BRIEF = "1";
// The tests start our program some hundred times: half of a start is stripping types and compiling.
process.env.NODE_COMPILE_CACHE = join(root, ".cache", "compile");
if (values.long) process.env.SIPMESH_TEST_LONG = "1";

await stage("checks of the source", async () => {
  for (const check of CHECKS) {
    const { code, output } = await check.run(root);
    say(`  ${code === 0 ? "✔" : "✖"} ${check.name}`);
    if (code !== 0) console.log(output);
    if (code === 0) total.passed += 1;
    else total.failed.push({ name: check.name, reason: `it ended with ${code}` });
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
  servers = natsServers((text) => say(`  … ${text}`));
  for (const { version, path } of servers) say(`  ✔ nats-server ${version} (${path})`);
  // All but the contract tests run against the newest.
  const [newest] = servers;
  if (newest !== undefined) process.env.PATH = `${dirname(newest.path)}${delimiter}${process.env.PATH}`;
  // What is there decides what is skipped: turbo's cache must know.
  process.env.SIPMESH_TEST_PROGRAMS = programs
    .map(({ command, path }) => `${command}=${(command === "nats-server" ? newest?.path : path) ?? ""}`)
    .join(" ");
});

await stage("unit and contract tests", () => turboTests(["--filter=!@sipmesh/test"]));

await stage("contracts with the oldest nats-server", async () => {
  const [newest, oldest] = [servers[0], servers.at(-1)];
  if (newest === undefined) return; // Each test that needs one says so itself.
  if (oldest === undefined || oldest === newest) {
    const name = "contract tests with a second version of nats-server";
    total.skipped.push({ name, reason: `there is only ${newest.version} here; 2.9 to the newest are supported` });
    return;
  }
  say(`  so far ${newest.version}; once more with ${oldest.version} (${oldest.path})`);
  const { PATH, SIPMESH_TEST_PROGRAMS } = process.env;
  process.env.PATH = `${dirname(oldest.path)}${delimiter}${PATH}`;
  process.env.SIPMESH_TEST_PROGRAMS = `nats-server=${oldest.path}`;
  await turboTests(CONTRACTS.map((name) => `--filter=${name}`));
  Object.assign(process.env, { PATH, SIPMESH_TEST_PROGRAMS });
});

// What needs a cluster is `npm run test:cluster`.
const elsewhere = ["node_modules", join("test", "cluster")];
const wholes = globSync("test/**/*.test.ts", { cwd: root, exclude: (path) => elsewhere.includes(path) }).sort();
const isLoad = (file: string) => file.endsWith("load.test.ts");
const isEndToEnd = (file: string) => file.startsWith(join("test", "end-to-end"));

// Much of an end-to-end test is waiting: two at a time. Load is measured alone.
await stage("chart, simulation, conformance, start", () =>
  wholeTests(
    wholes.filter((file) => !isEndToEnd(file)),
    2,
  ),
);
await stage("end to end", () =>
  wholeTests(
    wholes.filter((file) => isEndToEnd(file) && !isLoad(file)),
    2,
  ),
);
await stage("end to end: load", () => wholeTests(wholes.filter(isLoad), 1));

for (const text of told(total)) say(text);
say(`${Math.round((Date.now() - started) / 1000)} s`);
say(line(total));
process.exitCode = total.failed.length === 0 ? 0 : 1;

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
  const before = total.failed.length;
  for (const folder of packages) collect(folder, undefined);
  // A package that ended without a count, or turbo itself.
  if (code !== 0 && total.failed.length === before)
    total.failed.push({ name: `turbo ${filters.join(" ")}`, reason: `it ended with ${code}` });
}

/** Runs tests of the whole. */
async function wholeTests(files: readonly string[], concurrency: number): Promise<void> {
  if (files.length === 0) return;
  rmSync(join(root, "test", ".turbo", "results.json"), { force: true });
  const limits = [`--timeout=${values.long ? 7200 : 600}`, `--concurrency=${concurrency}`];
  const { code } = await run("node", ["scripts/run-tests.ts", ...limits, "test", ...files], { cwd: root, show: true });
  collect(join(root, "test"), code);
}

/** Adds what the tests of a folder left; `code` is the exit code where it is known to have run. */
function collect(folder: string, code: number | undefined): void {
  try {
    add(total, JSON.parse(readFileSync(join(folder, ".turbo", "results.json"), "utf8")) as Results);
  } catch {
    if (code === undefined) return;
    total.failed.push({ name: relative(root, folder), reason: `the tests ended with ${code} and no result` });
  }
}

function say(text: string): void {
  console.log(text);
}
