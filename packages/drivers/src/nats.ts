import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./ports.ts";
import { type Program, startProgram } from "./program.ts";

export interface NatsOptions {
  readonly port?: number;
  /** Where JetStream keeps its files; kept over a restart. Absent: a folder of its own, removed by `stop`. */
  readonly folder?: string;
  readonly within?: readonly string[];
  readonly address?: string;
  /** More settings, in nats-server's own format, as in its configuration file. */
  readonly configuration?: string;
}

/** A real nats-server with JetStream, that can be killed and started again on the same port and files. */
export class Nats {
  readonly url: string;
  #program: Program | undefined;
  readonly #start: () => Promise<Program>;
  /** A folder of its own, removed in the end. */
  readonly #ownFolder: string | undefined;

  private constructor(url: string, ownFolder: string | undefined, start: () => Promise<Program>) {
    this.url = url;
    this.#ownFolder = ownFolder;
    this.#start = start;
  }

  static async start(options: NatsOptions = {}): Promise<Nats> {
    const port = options.port ?? (await freePort());
    const address = options.address ?? "127.0.0.1";
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), "sipmesh-nats-"));
    const ownFolder = options.folder === undefined ? folder : undefined;
    const configured = options.configuration === undefined ? [] : ["-c", join(folder, "nats.conf")];
    if (options.configuration !== undefined) writeFileSync(join(folder, "nats.conf"), options.configuration);
    const [command, ...args] = [
      ...(options.within ?? []),
      "nats-server",
      ...configured,
      "-js",
      "-a",
      address,
      "-p",
      String(port),
      "-sd",
      folder,
    ];
    const nats = new Nats(`nats://${address}:${port}`, ownFolder, () =>
      startProgram({ command: command ?? "nats-server", args, ready: /Server is ready/, patience: 15_000 }),
    );
    await nats.resume();
    return nats;
  }

  get pid(): number {
    return this.#program?.pid ?? -1;
  }

  /** Ends it without a goodbye. */
  async kill(): Promise<void> {
    await this.#program?.kill();
  }

  /** Starts it (again). */
  async resume(): Promise<void> {
    this.#program = await this.#start();
  }

  /** Lets it read its configuration again, and the files that are named there. */
  async reload(): Promise<void> {
    const from = this.#program?.output.length;
    this.#program?.signal("SIGHUP");
    await this.#program?.waitFor(/Reloaded server configuration/, 10_000, from);
  }

  /** It hangs from now on. */
  async freeze(): Promise<void> {
    await this.#program?.freeze();
  }

  /** It goes on after `freeze`. */
  thaw(): void {
    this.#program?.signal("SIGCONT");
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
    if (this.#ownFolder !== undefined) await rm(this.#ownFolder, { recursive: true, force: true });
  }
}
