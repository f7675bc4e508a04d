import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort, freePorts, Program } from "@sipmesh/drivers";

const MAIN = new URL("../../services/launcher/src/main.ts", import.meta.url).pathname;
const PATIENCE = 30_000;

/** A folder of the test's own, gone after it. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sipmesh-start-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the program to its end. */
export async function sipmesh(folder: string, ...args: string[]): Promise<{ code: number; output: string }> {
  const program = launch(folder, args);
  return { code: await program.exit(PATIENCE), output: program.output };
}

/** What a process is asked to run, and where; ports are its own. */
export interface Asked {
  readonly folder: string;
  readonly name: string;
  readonly targets?: string;
  /** Sections of the configuration over those that keep tests apart. */
  readonly config?: Readonly<Record<string, object>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** A process of the platform, as somebody started it. */
export class Running {
  readonly program: Program;
  readonly sip: { readonly address: string; readonly port: number };
  readonly dataDirectory: string;
  readonly file: string;
  readonly #admin: number;

  private constructor(program: Program, sip: number, admin: number, dataDirectory: string, file: string) {
    this.program = program;
    this.sip = { address: "127.0.0.1", port: sip };
    this.#admin = admin;
    this.dataDirectory = dataDirectory;
    this.file = file;
  }

  static async start(asked: Asked): Promise<Running> {
    const { folder, name } = asked;
    const [sip, admin, media] = [await freePort(), await freePort(), await freePorts(200)];
    const dataDirectory = join(folder, `${name}-data`);
    const config = {
      process: { dataDirectory },
      admin: { port: admin },
      edge: { listeners: ["udp", "tcp"].map((transport) => ({ transport, address: "127.0.0.1", port: sip })) },
      media: { ports: { first: media, last: media + 199 } },
      ...asked.config,
    };
    const file = join(folder, `${name}.yaml`);
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(config));
    const program = launch(folder, [`--target=${asked.targets ?? "all"}`, "--config", file], asked.env);
    return new Running(program, sip, admin, dataDirectory, file);
  }

  /** The same again, on the same files and ports. */
  again(): Running {
    const program = launch(this.dataDirectory, ["--config", this.file]);
    return new Running(program, this.sip.port, this.#admin, this.dataDirectory, this.file);
  }

  /** Waits until it says that it is ready. */
  async ready(): Promise<this> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const status = await this.page("/ready").then(
        (response) => response.status,
        () => 0,
      );
      if (status === 200) return this;
      if (!this.program.running) throw new Error(`it ended:\n${this.program.output}`);
      if (Date.now() > end) throw new Error(`not ready:\n${this.program.output}`);
      await pause(50);
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.#admin}`;
  }

  page(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(5_000), ...init });
  }

  /** Counts of a metric, by its labels as text. */
  async metric(name: string): Promise<Map<string, number>> {
    const text = await (await this.page("/metrics")).text();
    const lines = text.matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)`, "gm"));
    return new Map([...lines].map(([, labels = "", value]) => [labels, Number(value)]));
  }
}

function launch(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
  return new Program({
    command: process.execPath,
    args: [MAIN, ...args],
    cwd: folder,
    env: { INIT_CWD: folder, ...env },
  });
}
