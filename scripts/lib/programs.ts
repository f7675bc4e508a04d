// The foreign programs that tests talk to: found on the PATH, taken out of a Docker image, or installed by apt-get.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, chmodSync, constants, mkdirSync, renameSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { getContainerRuntimeClient, ImageName } from "testcontainers";

export interface Wanted {
  readonly command: string;
  /** Debian's package. */
  readonly debian?: string;
  /** An image, and where in it the program may lie: a static binary that runs outside too. */
  readonly image?: { readonly name: string; readonly paths: readonly string[] };
  /** What to install by hand. */
  readonly advice: string;
}

export const WANTED: readonly Wanted[] = [
  {
    command: "nats-server",
    debian: "nats-server",
    image: { name: "nats:2-alpine", paths: ["/usr/local/bin/nats-server"] },
    advice: "nats-server 2.9 or newer (https://nats.io/download)",
  },
  {
    command: "jaeger",
    image: { name: "jaegertracing/all-in-one:latest", paths: ["/go/bin/all-in-one-linux", "/usr/local/bin/jaeger"] },
    advice: "Jaeger's all-in-one 1.x as `jaeger` (https://www.jaegertracing.io/download)",
  },
  { command: "sipp", debian: "sip-tester", advice: "SIPp (https://sipp.readthedocs.io)" },
  { command: "baresip", debian: "baresip-core", advice: "baresip (https://github.com/baresip/baresip)" },
  { command: "linphonec", debian: "linphone-cli", advice: "linphonec (https://www.linphone.org)" },
  { command: "tshark", debian: "tshark", advice: "tshark (https://www.wireshark.org)" },
  { command: "helm", advice: "Helm 3 or 4 (https://helm.sh)" },
  { command: "ip", debian: "iproute2", advice: "iproute2" },
  { command: "nft", debian: "nftables", advice: "nftables" },
];

/** Where a program was taken from, or why it was not. */
export interface Found {
  readonly command: string;
  /** Absent: it is not there. */
  readonly path?: string;
  /** A sentence's part: "on the PATH", or why there is none. */
  readonly how: string;
}

const PULL_TIME = 180_000;

/** Finds, fetches or installs each program, in this order. Never fails: what cannot be had is said. */
export async function findPrograms(
  wanted: readonly Wanted[],
  cache: string,
  say: (text: string) => void,
): Promise<Found[]> {
  const found = new Map<string, Found>();
  for (const { command } of wanted) {
    const path = onPath(command);
    if (path !== undefined) found.set(command, { command, path, how: "on the PATH" });
  }
  for (const program of wanted) {
    if (found.has(program.command) || program.image === undefined) continue;
    const path = join(cache, program.command);
    if (isProgram(path) || (await takeFromImage(program.image, path, say))) {
      found.set(program.command, {
        command: program.command,
        path,
        how: `from the Docker image ${program.image.name}`,
      });
    }
  }
  const rest = wanted.filter(({ command }) => !found.has(command));
  const why = aptGet(rest, say);
  for (const program of rest) {
    const path = onPath(program.command);
    found.set(
      program.command,
      path === undefined
        ? { command: program.command, how: `not here (${why}); to have its tests run, install ${program.advice}` }
        : { command: program.command, path, how: `by apt-get install ${program.debian}` },
    );
  }
  return wanted.map(({ command }) => found.get(command) as Found);
}

/** The first program of that name on the PATH; system administrators' folders count. */
export function onPath(command: string): string | undefined {
  return allOnPath(command)[0];
}

export function allOnPath(command: string): string[] {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return [...new Set(folders.map((folder) => join(folder, command)))].filter(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Copies a program out of an image that an engine has or can pull. False where there is no engine or no image. */
async function takeFromImage(
  image: NonNullable<Wanted["image"]>,
  to: string,
  say: (text: string) => void,
): Promise<boolean> {
  try {
    const client = await within(getContainerRuntimeClient(), 10_000);
    const name = ImageName.fromString(image.name);
    if (!(await client.image.exists(name))) {
      say(`pulling ${image.name}`);
      await within(client.image.pull(name), PULL_TIME);
    }
    const container = await client.container.create({ Image: image.name, Cmd: ["none"] });
    try {
      for (const path of image.paths) {
        const archive = await client.container.fetchArchive(container, path).catch(() => undefined);
        if (archive === undefined) continue;
        await unpack(archive, path, to);
        return true;
      }
    } finally {
      await client.container.remove(container);
    }
  } catch {
    // No engine, or an engine that cannot pull: the next way is tried, and what is missing in the end is said.
  }
  return false;
}

async function unpack(archive: NodeJS.ReadableStream, path: string, to: string): Promise<void> {
  const folder = `${to}.new`;
  mkdirSync(folder, { recursive: true });
  const tar = spawn("tar", ["-x", "-C", folder], { stdio: ["pipe", "ignore", "inherit"] });
  const done = new Promise<void>((resolve, reject) => {
    tar.once("error", reject);
    tar.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with ${code}`))));
  });
  await Promise.all([pipeline(archive, tar.stdin), done]);
  mkdirSync(dirname(to), { recursive: true });
  renameSync(join(folder, path.split("/").at(-1) as string), to);
  chmodSync(to, 0o755);
  rmSync(folder, { recursive: true });
}

/** Installs Debian's packages as root. Gives why that was no way for what is missing still. */
function aptGet(programs: readonly Wanted[], say: (text: string) => void): string {
  const packages = programs.flatMap(({ debian }) => debian ?? []);
  return packages.length === 0 ? "no Docker engine has or can pull its image" : installDebian(packages, say);
}

/** Installs packages of Debian as root. Gives why a package may not be there afterwards. */
export function installDebian(packages: readonly string[], say: (text: string) => void): string {
  if (onPath("apt-get") === undefined) return "no Docker image and no apt-get";
  if (process.getuid?.() !== 0) return "no Docker image, and apt-get needs root";
  say(`apt-get install ${packages.join(" ")}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const quiet = { stdio: "ignore", env: environment, timeout: 600_000 } as const;
  if (spawnSync("apt-get", ["update", "-qq"], quiet).status !== 0) return "apt-get update failed";
  // One by one: a package that this Debian lacks must not keep the others away.
  for (const name of packages) spawnSync("apt-get", ["install", "-qq", "-y", "--no-install-recommends", name], quiet);
  return "apt-get could not install it";
}

async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("too slow")), milliseconds);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
