import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Program } from "./program.ts";

export interface SippOptions {
  /** The scenario's file. */
  readonly scenario: string;
  /** A folder for statistics and errors. */
  readonly folder: string;
  /** Names the run's files in `folder`. */
  readonly name: string;
  /** The peer, `address:port`; absent for a scenario that only receives. */
  readonly remote?: string;
  readonly port: number;
  readonly address?: string;
  readonly transport?: "u1" | "t1" | "tn";
  /** Calls per second. */
  readonly rate?: number;
  /** Ends after this many calls. */
  readonly calls?: number;
  readonly users?: string;
  readonly extra?: readonly string[];
  /** Put before the command: a network namespace to run in. */
  readonly within?: readonly string[];
}

/** What SIPp counted, as its statistics file has it at the end. */
export interface SippCounts {
  readonly successful: number;
  readonly failed: number;
  readonly unexpected: number;
  readonly outOfCall: number;
  readonly retransmissions: number;
  readonly created: number;
}

/** A run of SIPp: a caller, a callee or a registering phone. */
export class Sipp {
  readonly program: Program;
  readonly #statistics: string;
  readonly #errors: string;

  constructor(options: SippOptions) {
    this.#statistics = join(options.folder, `${options.name}.csv`);
    this.#errors = join(options.folder, `${options.name}.errors`);
    const args = ["-sf", options.scenario, "-i", options.address ?? "127.0.0.1", "-p", String(options.port)];
    args.push("-nostdin", "-trace_stat", "-stf", this.#statistics, "-fd", "1", "-t", options.transport ?? "u1");
    args.push("-trace_err", "-error_file", this.#errors, "-buff_size", "4194304");
    if (options.rate !== undefined) args.push("-r", String(options.rate));
    if (options.calls !== undefined) args.push("-m", String(options.calls));
    if (options.users !== undefined) args.push("-inf", options.users);
    args.push(...(options.extra ?? []));
    if (options.remote !== undefined) args.push(options.remote);
    const [command = "sipp", ...rest] = [...(options.within ?? []), "sipp", ...args];
    this.program = new Program({ command, args: rest, cwd: options.folder, env: { TERM: "dumb" } });
  }

  /** Waits for the end and gives the counts. */
  async done(milliseconds: number): Promise<SippCounts> {
    const code = await this.program.exit(milliseconds);
    const counts = this.counts();
    // 0: all calls succeeded, 1: some failed; all else is SIPp's own trouble.
    if (code !== 0 && code !== 1)
      throw new Error(`sipp ended with ${code}: ${this.errors()}${this.program.output.slice(-2_000)}`);
    return counts;
  }

  /** Asks SIPp to end and gives the counts so far. */
  async stop(): Promise<SippCounts> {
    this.program.signal("SIGUSR1");
    await this.program.exit(3_000).catch(() => this.program.kill());
    return this.counts();
  }

  /** So far; SIPp writes them once a second, and for the first time a while after its start. */
  counts(): SippCounts {
    if (!existsSync(this.#statistics))
      return { successful: 0, failed: 0, unexpected: 0, outOfCall: 0, retransmissions: 0, created: 0 };
    const lines = readFileSync(this.#statistics, "utf8").trim().split("\n");
    const names = (lines[0] ?? "").split(";");
    const values = (lines.at(-1) ?? "").split(";");
    const count = (name: string) => Number(values[names.indexOf(name)] ?? Number.NaN);
    return {
      successful: count("SuccessfulCall(C)"),
      failed: count("FailedCall(C)"),
      unexpected: count("FailedUnexpectedMessage(C)"),
      outOfCall: count("OutOfCallMsgs(C)"),
      retransmissions: count("Retransmissions(C)"),
      created: count("TotalCallCreated"),
    };
  }

  errors(): string {
    try {
      return readFileSync(this.#errors, "utf8").slice(0, 4_000);
    } catch {
      return "";
    }
  }
}
