import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Nats } from "./nats.ts";
import { MEDIA_PORTS, type Policy, platformConfig } from "./platform-config.ts";
import { freePort, freePorts } from "./ports.ts";
import { Program, runProgram } from "./program.ts";

/** `all`: one process. `split`: a process for each target, two of those in `TWICE`. */
export type Shape = "all" | "split";

/** How a platform is started. */
export interface PlatformOptions extends Policy {
  readonly shape: Shape;
  /** Configuration sections that go over the test's own, key by key. */
  readonly config?: Readonly<Record<string, object>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Put before every command: a network namespace to run in. */
  readonly within?: readonly string[];
  /** The address that SIP is spoken on. */
  readonly address?: string;
  /** Settings of the nats-server of the split shape, in its own format. */
  readonly nats?: string;
  /** Addresses of the edges in the split shape, one after the other; absent: all have `address`. */
  readonly edgeAddresses?: readonly string[];
  /** Processes of a target in the split shape; absent: two of those in `TWICE`, one of the others. */
  readonly copies?: Readonly<Record<string, number>>;
  /** Fixed SIP port, for peers that cannot be told another. */
  readonly port?: number;
}

const MAIN = new URL("../../../services/launcher/src/main.ts", import.meta.url).pathname;
/** What phones' calls pass through, so that the tests meet the ways between two of a kind. */
const TWICE = ["edge", "transaction", "location", "routing"];
const SPLIT = ["directory", "routing", "location", "media", "transaction", "edge"];
const START_PATIENCE = 30_000;

interface Part {
  readonly target: string;
  readonly admin: number;
  readonly start: () => Program;
  program: Program;
}

/** The platform as an operator runs it: the program itself, in one process or in many over NATS and gRPC. */
export class Platform {
  readonly address: string;
  readonly sipPort: number;
  /** The SIP ports of all edges; `sipPort` is the first. */
  readonly sipPorts: readonly number[];
  readonly nats: Nats | undefined;
  readonly #parts: readonly Part[];
  readonly #within: readonly string[];
  readonly #folder: string;

  constructor(
    parts: readonly Part[],
    address: string,
    ports: readonly number[],
    nats: Nats | undefined,
    within: readonly string[],
    folder: string,
  ) {
    this.#parts = parts;
    this.address = address;
    this.sipPorts = ports;
    this.sipPort = ports[0] ?? 0;
    this.nats = nats;
    this.#within = within;
    this.#folder = folder;
  }

  /** `address:port` of the first edge. */
  get server(): string {
    return `${this.address}:${this.sipPort}`;
  }

  /** `address:port` of the last edge: in the split shape another than the first. */
  get otherServer(): string {
    return `${this.address}:${this.sipPorts.at(-1)}`;
  }

  /** The processes, nats-server included. */
  get pids(): number[] {
    return [...this.#parts.map((part) => part.program.pid), ...(this.nats === undefined ? [] : [this.nats.pid])];
  }

  /** Waits until something is true, asking ten times a second. */
  async until(true_: () => Promise<boolean>, milliseconds: number): Promise<void> {
    const end = Date.now() + milliseconds;
    while (!(await true_())) {
      if (Date.now() > end) throw new Error(`not true within ${milliseconds} ms: ${true_}\n${this.#complaints()}`);
      await pause(100);
    }
  }

  async ready(): Promise<void> {
    for (const part of this.#parts) {
      const end = Date.now() + START_PATIENCE;
      const ask = () => this.#get(part, "/ready").catch((error: unknown) => ({ status: 0, body: String(error) }));
      for (let answer = await ask(); answer.status !== 200 || !part.program.running; answer = await ask()) {
        if (!part.program.running) throw new Error(`${part.target} ended:\n${part.program.output.slice(-4_000)}`);
        if (Date.now() > end) throw new Error(`${part.target} is not ready: ${answer.body}\n${this.#complaints()}`);
        await pause(50);
      }
    }
  }

  /** The sum of a metric over all processes, over all labels that are not given. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    let sum = 0;
    for (const part of this.#parts.filter((one) => one.program.running)) {
      const { body } = await this.#get(part, "/metrics");
      for (const line of body.split("\n")) {
        if (!line.startsWith(`${name}{`) && !line.startsWith(`${name} `)) continue;
        if (Object.entries(labels).every(([key, value]) => line.includes(`${key}="${value}"`)))
          sum += Number(line.replace(/^.*[} ](?=\S+( \d+)?$)/, "").split(" ")[0]);
      }
    }
    return sum;
  }

  /** Bindings that the registrar holds. Each location process knows them all: the largest count is the number. */
  async registrations(): Promise<number> {
    let most = 0;
    for (const part of this.#parts.filter((one) => one.target === "location" || one.target === "all")) {
      const { body } = await this.#get(part, "/metrics");
      most = Math.max(most, Number(body.match(/^sipmesh_registrations(?:\{[^}]*\})? (\S+)/m)?.[1] ?? 0));
    }
    return most;
  }

  relayedPackets(): Promise<number> {
    return this.metric("sipmesh_media_packets_total", { kind: "rtp" });
  }

  mediaSessions(): Promise<number> {
    return this.metric("sipmesh_media_sessions");
  }

  /** Bytes of memory that all processes hold. */
  async residentMemory(): Promise<number> {
    let pages = 0;
    for (const part of this.#parts)
      pages += Number(readFileSync(`/proc/${part.program.pid}/statm`, "utf8").split(" ")[1]);
    return pages * 4_096;
  }

  /** Lines that the processes logged. */
  logs(): string[] {
    return this.#parts.flatMap((part) => part.program.output.split("\n").filter((line) => line.startsWith("{")));
  }

  /** kill −9 of every process of a target. */
  async kill(target: string): Promise<void> {
    await Promise.all(this.#of(target).map((part) => part.program.kill()));
  }

  /** One process of a target gets no processor until it is thawed, the first unless another is named. */
  async freezeOne(target: string, index = 0): Promise<void> {
    await this.#one(target, index).program.freeze();
  }

  thawOne(target: string, index = 0): void {
    this.#one(target, index).program.signal("SIGCONT");
  }

  /** kill −9 of one process of a target, the first unless another is named. */
  async killOne(target: string, index = 0): Promise<void> {
    await this.#one(target, index).program.kill();
  }

  /** One process of a target leaves in order, as in a rollout. */
  async leaveOne(target: string, index = 0): Promise<void> {
    await this.#one(target, index).program.stop(15_000);
  }

  /** Starts one process of a target again, and waits until it is ready. */
  async resumeOne(target: string, index = 0): Promise<void> {
    const part = this.#one(target, index);
    part.program = part.start();
    await this.ready();
  }

  /** Asks the nth process of a target to stop, as its operator would; resolves with its exit code once it has. */
  async leave(target: string, nth: number, milliseconds: number): Promise<number> {
    const { program } = this.#one(target, nth);
    program.signal("SIGTERM");
    return await program.exit(milliseconds);
  }

  /** Starts a target's processes again. */
  async resume(target: string): Promise<void> {
    for (const part of this.#of(target)) part.program = part.start();
  }

  async killEverything(): Promise<void> {
    await Promise.all([...this.#parts.map((part) => part.program.kill()), this.nats?.kill()]);
  }

  async resumeEverything(): Promise<void> {
    await this.nats?.resume();
    for (const part of this.#parts) part.program = part.start();
    await this.ready();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.program.stop(15_000)));
    await this.nats?.stop();
  }

  #of(target: string): Part[] {
    const parts = this.#parts.filter((part) => part.target === target);
    if (parts.length === 0) throw new Error(`no process runs ${target} alone`);
    return parts;
  }

  #one(target: string, index: number): Part {
    const part = this.#of(target)[index];
    if (part === undefined) throw new Error(`there is no process ${index} of ${target}`);
    return part;
  }

  #complaints(): string {
    const lines = this.logs().filter((line) => /"level":"?(warn|error|40|50)/.test(line));
    return `files: ${this.#folder}\n${lines.slice(-20).join("\n")}`;
  }

  async #get(part: Part, path: string): Promise<{ status: number; body: string }> {
    if (this.#within.length > 0) return await getWithin(this.#within, part.admin, path);
    return await new Promise((resolve, reject) => {
      const request = get({ host: "127.0.0.1", port: part.admin, path, timeout: 5_000 }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          body += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      });
      request.on("timeout", () => request.destroy(new Error(`${part.target} ${path}: no answer`)));
      request.on("error", reject);
    });
  }
}

async function getWithin(
  within: readonly string[],
  port: number,
  path: string,
): Promise<{ status: number; body: string }> {
  const script = `fetch("http://127.0.0.1:${port}${path}").then(async(r)=>console.log(r.status+" "+await r.text()))`;
  const [command, ...args] = [...within, process.execPath, "-e", script];
  const output = await runProgram(command ?? "", args);
  return { status: Number(output.split(" ")[0]), body: output.slice(output.indexOf(" ") + 1) };
}

/** Starts the platform and waits until every process says that it is ready. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const within = options.within ?? [];
  const address = options.address ?? "127.0.0.1";
  const folder = mkdtempSync(join(tmpdir(), "sipmesh-platform-"));
  const nats =
    options.shape === "split"
      ? await Nats.start({ within, ...(options.nats !== undefined && { configuration: options.nats }) })
      : undefined;
  const names =
    options.shape === "all"
      ? ["all"]
      : SPLIT.flatMap((target) =>
          new Array<string>(options.copies?.[target] ?? (TWICE.includes(target) ? 2 : 1)).fill(target),
        );
  const parts: Part[] = [];
  const ports: number[] = [];
  for (const [index, target] of names.entries()) {
    const admin = await freePort();
    const port = options.port !== undefined && ports.length === 0 ? options.port : await freePort();
    const own = target === "edge" ? options.edgeAddresses?.[ports.length] : undefined;
    if (target === "edge" || target === "all") ports.push(port);
    const dataDirectory = join(folder, `data-${index}`);
    const config = platformConfig(
      {
        address: own ?? address,
        sipPort: port,
        adminPort: admin,
        mediaPort: await freePorts(MEDIA_PORTS),
        dataDirectory,
        natsUrl: nats?.url,
      },
      options,
      options.config ?? {},
    );
    const file = join(folder, `${target}-${index}.yaml`);
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(config, undefined, 2));
    mkdirSync(dataDirectory);
    const [command, ...args] = [...within, process.execPath, MAIN, `--target=${target}`, "--config", file];
    const start = () =>
      new Program({
        command: command ?? "",
        args,
        cwd: folder,
        log: join(folder, `${target}-${index}.log`),
        ...(options.env === undefined ? {} : { env: options.env }),
      });
    parts.push({ target, admin, start, program: start() });
  }
  const platform = new Platform(parts, address, ports, nats, within, folder);
  try {
    await platform.ready();
  } catch (error) {
    await platform.stop();
    throw error;
  }
  return platform;
}
