import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, globSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Everything that the program prints is appended here as well. */
  readonly log?: string;
  /** Seen in the output when the program is ready. Absent: it is ready at once. */
  readonly ready?: RegExp;
  /** Milliseconds to wait for `ready`. */
  readonly patience?: number;
  /** Keeps standard input open for `type`. */
  readonly interactive?: boolean;
}

/** How much of a program's output is kept for error messages and for `waitFor`, in characters. */
const KEPT_OUTPUT = 1_000_000;

/** A foreign program that a test started, and will stop by its process id. */
export class Program {
  readonly #child: ChildProcess;
  readonly #name: string;
  #output = "";
  #exit: { code: number | null; signal: string | null } | undefined;
  readonly #ended: Promise<void>;

  constructor(options: ProgramOptions) {
    this.#name = options.command;
    this.#child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: [options.interactive ? "pipe" : "ignore", "pipe", "pipe"],
    });
    const collect = (chunk: Buffer) => {
      const text = chunk.toString("utf8");
      this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
      if (options.log !== undefined) appendFileSync(options.log, text);
    };
    this.#child.stdout?.on("data", collect);
    this.#child.stderr?.on("data", collect);
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#output += `${error}`;
        this.#exit = { code: -1, signal: null };
        resolve();
      });
      this.#child.once("close", (code, signal) => {
        this.#exit = { code, signal };
        resolve();
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#exit === undefined;
  }

  /** Types a line at the program's prompt. */
  type(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Waits until the output matches, or fails with what was printed. */
  async waitFor(pattern: RegExp, milliseconds: number, from = 0): Promise<RegExpMatchArray> {
    const end = Date.now() + milliseconds;
    for (;;) {
      const found = this.#output.slice(from).match(pattern);
      if (found !== null) return found;
      if (!this.running)
        throw new Error(`${this.#name} ended (${this.#exit?.code}) before ${pattern}:\n${this.#tail()}`);
      if (Date.now() > end) throw new Error(`${this.#name}: no ${pattern} within ${milliseconds} ms:\n${this.#tail()}`);
      await pause(20);
    }
  }

  /** Waits for the end of the program and gives its exit code; −1 where a signal ended it. */
  async exit(milliseconds: number): Promise<number> {
    await Promise.race([this.#ended, pause(milliseconds, undefined, { ref: false })]);
    if (this.#exit === undefined) {
      await this.kill();
      throw new Error(`${this.#name} was still running after ${milliseconds} ms:\n${this.#tail()}`);
    }
    return this.#exit.code ?? -1;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal);
  }

  /** SIGSTOP: nothing of it runs any more when this ends. SIGCONT lets it go on. */
  async freeze(): Promise<void> {
    this.signal("SIGSTOP");
    while (this.running && !isFrozen(this.pid)) await pause(5);
  }

  /** SIGTERM, then SIGKILL after the patience. */
  async stop(patience = 5_000): Promise<void> {
    if (!this.running) return;
    this.#child.kill("SIGTERM");
    await Promise.race([this.#ended, pause(patience, undefined, { ref: false })]);
    await this.kill();
  }

  /** SIGKILL, by process id. */
  async kill(): Promise<void> {
    if (!this.running) return;
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  #tail(): string {
    return this.#output.slice(-4_000);
  }
}

/** The kernel stops one thread after the other, and on a busy machine takes its time. Where it does not tell: true. */
function isFrozen(pid: number): boolean {
  try {
    return globSync(`/proc/${pid}/task/*/stat`).every((file) => /\) [Tt] /.test(readFileSync(file, "utf8")));
  } catch {
    return false; // A thread has ended meanwhile.
  }
}

/** Starts a program and waits until it is ready. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const program = new Program(options);
  try {
    if (options.ready !== undefined) await program.waitFor(options.ready, options.patience ?? 10_000);
  } catch (error) {
    await program.kill();
    throw error;
  }
  return program;
}

/** Runs a program to its end and gives its output; fails where the exit code is not 0. */
export async function runProgram(command: string, args: readonly string[], patience = 30_000): Promise<string> {
  const program = new Program({ command, args });
  const code = await program.exit(patience);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${program.output.slice(-4_000)}`);
  return program.output;
}
