import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
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

/** What became of one step of the scenario so far, in all calls together. */
export interface SippStep {
  /** "INVITE", "200", "Pause" */
  readonly message: string;
  /** Messages sent or received, pauses begun. */
  readonly times: number;
  readonly retransmitted: number;
  readonly unexpected: number;
  readonly timedOut: number;
}

/** A run of SIPp: a caller, a callee or a registering phone. */
export class Sipp {
  readonly program: Program;
  readonly #statistics: string;
  readonly #errors: string;
  readonly #folder: string;
  readonly #scenario: string;

  constructor(options: SippOptions) {
    this.#statistics = join(options.folder, `${options.name}.csv`);
    this.#errors = join(options.folder, `${options.name}.errors`);
    this.#folder = options.folder;
    this.#scenario = basename(options.scenario, ".xml");
    const args = ["-sf", options.scenario, "-i", options.address ?? "127.0.0.1", "-p", String(options.port)];
    args.push("-nostdin", "-trace_stat", "-stf", this.#statistics, "-fd", "1", "-t", options.transport ?? "u1");
    args.push("-trace_counts", "-trace_err", "-error_file", this.#errors, "-buff_size", "4194304");
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

  /** Lets no new call begin and waits until the others have ended; those that do not are counted as created alone. */
  async finish(milliseconds: number): Promise<SippCounts> {
    this.program.signal("SIGUSR1");
    await this.program.exit(milliseconds).catch(() => {});
    return this.counts();
  }

  /** Whether it has begun: SIPp writes its first statistics after a second. */
  get begun(): boolean {
    return this.steps().length > 0;
  }

  /** The steps of the scenario in its order, as they stood in the last second; empty before the first. */
  steps(): SippStep[] {
    const file = readdirSync(this.#folder).find((name) => name === `${this.#scenario}_${this.program.pid}_counts.csv`);
    if (file === undefined) return [];
    const lines = readFileSync(join(this.#folder, file), "utf8").split("\n");
    // The last line may be half written.
    const [names = "", values] = [lines[0], lines.at(-2)];
    if (values === undefined || lines.length < 3) return [];
    const steps: Record<string, number>[] = [];
    const messages: string[] = [];
    for (const [at, name] of names.split(";").entries()) {
      const [step, message = "", what = ""] = name.split("_");
      if (step === undefined || !/^\d+$/.test(step)) continue;
      messages[Number(step)] = message;
      const counted = steps[Number(step)] ?? {};
      steps[Number(step)] = counted;
      counted[what] = Number(values.split(";")[at]);
    }
    return steps.map((counted, at) => ({
      message: messages[at] ?? "",
      times: counted.Sent ?? counted.Recv ?? counted.Sessions ?? 0,
      retransmitted: counted.Retrans ?? 0,
      unexpected: counted.Unexp ?? 0,
      timedOut: counted.Timeout ?? 0,
    }));
  }

  /** A column of the statistics: of a scenario's own counter `n`, "GenericCountern(C)". */
  column(name: string): number {
    const lines = readFileSync(this.#statistics, "utf8").trim().split("\n");
    const at = (lines[0] ?? "").split(";").indexOf(name);
    return Number((lines.at(-1) ?? "").split(";")[at] ?? Number.NaN);
  }

  /** So far; SIPp writes them once a second, and for the first time a while after its start. */
  counts(): SippCounts {
    if (!existsSync(this.#statistics))
      return { successful: 0, failed: 0, unexpected: 0, outOfCall: 0, retransmissions: 0, created: 0 };
    const count = (name: string) => this.column(name);
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
      return readFileSync(this.#errors, "utf8").slice(0, 200_000);
    } catch {
      return "";
    }
  }
}
