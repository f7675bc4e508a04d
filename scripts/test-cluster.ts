// `npm run test:cluster`: the chart, and what a platform on the cluster of KUBECONFIG survives. Ends with a table of the
// faults and a line that counts.
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { faultTable } from "../test/cluster/fault-table.ts";
import { putImages } from "../test/cluster/images.ts";
import { Release } from "../test/cluster/release.ts";
import { noCluster, ROOT } from "../test/cluster/surroundings.ts";
import { add, count, line, nothing, type Results, told } from "./lib/results.ts";
import { run } from "./lib/run.ts";

const { values } = parseArgs({
  options: {
    /** Only files whose name contains one of these; may be given several times. */
    only: { type: "string", multiple: true, default: [""] },
    /** Only the files of CORE. */
    core: { type: "boolean", default: false },
    /** Minutes after which no further file is begun. */
    minutes: { type: "string", default: "45" },
  },
});

/** Seconds that one file may take. */
const FILE_LIMIT = 600;

/** In the first folder tests share one release, in the second each has its own. */
const FOLDERS = ["faults", "installs"] as const;

/** What has been green time and again, and together is short enough to be run for each change. */
const CORE: readonly string[] = [
  "conversation",
  "edge-behind-a-shared-address",
  "edge-leaves",
  "installed",
  "nats-servers-die",
  "one-trace",
  "owner-dies",
  "pods-die",
  "rollouts",
  "scaling",
  "start-order",
  "value-files",
  "what-is-there",
];

const began = Date.now();
const total: Results = nothing();
const folder = mkdtempSync(join(tmpdir(), "sipmesh-cluster-run-"));
const rows = join(folder, "rows.jsonl");
writeFileSync(rows, "");
const release = new Release(process.env.SIPMESH_TEST_NAMESPACE ?? `sipmesh-faults-${process.pid}`);
Object.assign(process.env, { SIPMESH_TEST_FAULT_ROWS: rows, SIPMESH_TEST_NAMESPACE: release.namespace });

const ready = noCluster() === false;
if (ready) {
  await putImages();
  process.env.SIPMESH_TEST_IMAGES_PUT = "1";
  console.log(`images are in place after ${seconds()} s`);
}
const missing = CORE.filter((name) => globSync(`test/cluster/*/${name}.test.ts`, { cwd: ROOT }).length === 0);
if (missing.length > 0) throw new Error(`the core names files that are not there: ${missing.join(", ")}`);
for (const name of FOLDERS) {
  await tests(name);
  // Room for the releases of the second folder.
  if (ready && name === "faults") await release.remove();
}
if (count(total) === 0) {
  const core = values.core ? " of the core" : "";
  total.failed.push({
    name: "cluster",
    reason: `no test in a file${core} whose name contains "${values.only.join('" or "')}"`,
  });
}
for (const text of told(total)) console.log(text);
if (readFileSync(rows, "utf8") !== "") console.log(`\n${faultTable(rows)}\n`);
rmSync(folder, { recursive: true });
console.log(`${seconds()} s`);
console.log(line(total));
process.exitCode = total.failed.length === 0 ? 0 : 1;

async function tests(name: string): Promise<void> {
  const within = join(ROOT, "test", "cluster", name);
  const left = Number(values.minutes) * 60 - seconds();
  if (left <= 0) {
    total.failed.push({ name, reason: `not begun, ${values.minutes} minutes are over` });
    return;
  }
  const files = globSync("*.test.ts", { cwd: within }).filter(isWanted);
  if (files.length === 0) return;
  const results = join(within, ".turbo", "results.json");
  rmSync(results, { force: true });
  const limits = [`--timeout=${FILE_LIMIT}`, `--within=${left}`, "--concurrency=1", "--at-once"];
  const paths = files.sort().map((file) => join(within, file));
  const { code } = await run("node", ["scripts/run-tests.ts", ...limits, within, ...paths], { cwd: ROOT, show: true });
  try {
    add(total, JSON.parse(readFileSync(results, "utf8")) as Results);
  } catch {
    total.failed.push({ name, reason: `the tests ended with ${code} and no result` });
  }
}

function isWanted(file: string): boolean {
  return (
    values.only.some((part) => file.includes(part)) && (!values.core || CORE.includes(file.replace(".test.ts", "")))
  );
}

function seconds(): number {
  return Math.round((Date.now() - began) / 1000);
}
