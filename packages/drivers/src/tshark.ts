import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Program, runProgram, startProgram } from "./program.ts";

export interface CaptureOptions {
  readonly folder: string;
  readonly name: string;
  /** The ports that speak SIP: captured, and decoded as SIP. */
  readonly sipPorts: readonly number[];
  /** What is captured instead of the SIP ports, as a capture filter. */
  readonly filter?: string;
  readonly interface?: string;
  readonly within?: readonly string[];
}

/** What Wireshark makes of SIP on the wire. */
export class Capture {
  readonly file: string;
  readonly #program: Program;
  readonly #ports: readonly number[];

  private constructor(file: string, program: Program, ports: readonly number[]) {
    this.file = file;
    this.#program = program;
    this.#ports = ports;
  }

  static async start(options: CaptureOptions): Promise<Capture> {
    const file = join(options.folder, `${options.name}.pcap`);
    const filter = options.filter ?? options.sipPorts.map((port) => `port ${port}`).join(" or ");
    const tshark = ["tshark", "-q", "-n", "-i", options.interface ?? "lo", "-f", filter, "-w", file, "-B", "64"];
    const [command, ...args] = [...(options.within ?? []), ...tshark];
    const program = await startProgram({ command: command ?? "tshark", args, ready: /Capturing on/, patience: 20_000 });
    // tshark says "Capturing" a moment before its socket is open.
    await pause(500);
    return new Capture(file, program, options.sipPorts);
  }

  /** Ends the capture. */
  async stop(): Promise<void> {
    await pause(300);
    this.#program.signal("SIGINT");
    await this.#program.exit(20_000);
  }

  /** Gives the chosen fields of each packet that matches a display filter. */
  async read(filter: string, fields: readonly string[]): Promise<string[][]> {
    const args = ["-n", "-r", this.file, "-Y", filter, "-T", "fields", "-E", "separator=\t"];
    for (const port of this.#ports) args.push("-d", `udp.port==${port},sip`, "-d", `tcp.port==${port},sip`);
    for (const field of fields) args.push("-e", field);
    const output = await runProgram("tshark", args, 120_000);
    return output
      .split("\n")
      .filter((line) => line.includes("\t") || (fields.length === 1 && line !== "" && !line.startsWith("Running as")))
      .map((line) => line.split("\t"));
  }

  /** The SIP packets sent from one of the given ports that Wireshark marks as malformed or in error. */
  malformed(sentFrom: readonly number[]): Promise<string[][]> {
    const from = sentFrom.map((port) => `udp.srcport == ${port} || tcp.srcport == ${port}`).join(" || ");
    return this.read(`sip && (${from}) && (_ws.malformed || _ws.expert.severity >= 6291456)`, [
      "frame.number",
      "sip.Request-Line",
      "sip.Status-Line",
      "_ws.expert.message",
    ]);
  }
}
