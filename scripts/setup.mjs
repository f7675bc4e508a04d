// Runs before every npm script that needs the workspace, under the machine's own Node.js, however old: installs what is
// missing, and sees to it that the pinned Node.js starts. Does nothing, and needs no network, where all is in place.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinned = join(root, "node_modules", "node", "bin", "node");

if (Number(process.versions.node.split(".")[0]) < 20) {
  stop(`This machine's Node.js is ${process.version}; 20 or newer is needed to install the rest (https://nodejs.org).`);
}
const lock = readJson("package-lock.json");
const stale = whatIsStale();
if (stale !== undefined) {
  console.log(`Installing dependencies (${stale}). This takes a minute the first time.`);
  // No package but `node` runs code while it is installed.
  npm(
    ["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"],
    "The dependencies could not be installed: see npm's message above. Is the network there?",
  );
}
const version = lock.packages["node_modules/node"].version;
if (!existsSync(pinned)) {
  console.log(`Fetching Node.js ${version}.`);
  // What is left of a fetch that broke off would run in place of this Node.js.
  rmSync(join(root, "node_modules", "node", "node_modules"), { recursive: true, force: true });
  npm(
    ["rebuild", "node", "--prefer-offline", "--loglevel=error"],
    `Node.js ${version} could not be fetched: see npm's message above. Is the network there?`,
  );
}
checkPinned();

/** Why something must be installed; undefined where every locked package is installed in its version. */
function whatIsStale() {
  const installed = readJson(join("node_modules", ".package-lock.json"));
  if (installed === undefined) return "nothing is installed yet";
  for (const [path, wanted] of Object.entries(lock.packages)) {
    if (path === "" || wanted.optional === true || wanted.devOptional === true) continue;
    const found = installed.packages[path];
    if (found === undefined) return `${path} is missing`;
    if (found.version !== wanted.version) return `${path} is ${found.version}, wanted is ${wanted.version}`;
  }
  return undefined;
}

function checkPinned() {
  const run = spawnSync(pinned, ["--version"], { encoding: "utf8" });
  if (run.status === 0 && run.stdout.trim() === `v${version}`) return;
  const library = /error while loading shared libraries: (\S+?):/.exec(run.stderr ?? "")?.[1];
  if (library === "libatomic.so.1") {
    stop(
      `Node.js ${version} needs the library libatomic.so.1, which this machine lacks.\nOn Debian and Ubuntu: apt-get install libatomic1. On Fedora: dnf install libatomic.`,
    );
  }
  if (library !== undefined)
    stop(`Node.js ${version} needs the library ${library}, which this machine lacks. Please install it.`);
  if (run.error?.code === "ENOENT") {
    stop(
      `Node.js ${version} does not start here. It needs a Linux with glibc (Alpine's musl is not supported), or macOS on arm64.`,
    );
  }
  stop(
    `Node.js ${version} (${pinned}) does not start: ${(run.stderr || String(run.error ?? `it says ${run.stdout}`)).trim()}`,
  );
}

function npm(args, failure) {
  // npm tells scripts where it lives; `npm` from the PATH is for those who call this file by hand.
  const cli = process.env.npm_execpath;
  const options = { cwd: root, stdio: "inherit" };
  const run =
    cli === undefined ? spawnSync("npm", args, options) : spawnSync(process.execPath, [cli, ...args], options);
  if (run.status !== 0) stop(failure);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), "utf8"));
  } catch {
    return undefined;
  }
}

function stop(message) {
  console.error(message);
  process.exit(69);
}
