import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Program } from "./program.ts";

export interface BaresipOptions {
  /** The folder of the configuration that was tried with Debian's baresip: `baresip-a` or `baresip-b`. */
  readonly template: string;
  /** A folder of the test's own, made where it is missing. */
  readonly folder: string;
  readonly user: string;
  readonly password: string;
  /** The platform, `address:port`. */
  readonly server: string;
  readonly domain?: string;
  readonly sipPort: number;
  readonly controlPort: number;
  readonly rtpPorts: readonly [number, number];
  readonly address?: string;
  /** A WAV file that is played into the call, where the template plays one. */
  readonly wave?: string;
  readonly transport?: "udp" | "tcp";
  readonly answers?: "auto" | "manual";
  /** Seconds between its REGISTER requests. */
  readonly registerInterval?: number;
  /** Put before the command: a network namespace to run in. */
  readonly within?: readonly string[];
}

/** A baresip without sound hardware, steered over its TCP control port. */
export class Baresip {
  readonly program: Program;
  readonly recordings: string;
  readonly #controlPort: number;
  readonly #address: string;
  readonly #within: readonly string[];

  constructor(options: BaresipOptions) {
    const address = options.address ?? "127.0.0.1";
    this.#controlPort = options.controlPort;
    this.#address = address;
    this.#within = options.within ?? [];
    this.recordings = join(options.folder, "recordings");
    mkdirSync(this.recordings, { recursive: true });
    cpSync(options.template, options.folder, { recursive: true });
    const config = readFileSync(join(options.folder, "config"), "utf8")
      .replace(/^sip_listen.*$/m, `sip_listen ${address}:${options.sipPort}`)
      .replace(/^net_interface.*$/m, `net_interface ${address}`)
      .replace(/^rtp_ports.*$/m, `rtp_ports ${options.rtpPorts[0]}-${options.rtpPorts[1]}`)
      .replace(/^ctrl_tcp_listen.*$/m, `ctrl_tcp_listen ${address}:${options.controlPort}`)
      .replace(/^snd_path.*$/m, `snd_path ${this.recordings}`)
      .replace(/@WORK@\/tone1000\.wav/g, options.wave ?? "");
    writeFileSync(join(options.folder, "config"), config);
    const transport = options.transport ?? "udp";
    writeFileSync(
      join(options.folder, "accounts"),
      `<sip:${options.user}@${options.domain ?? options.server.split(":")[0]}>;auth_user=${options.user};auth_pass=${options.password};` +
        `outbound="sip:${options.server};transport=${transport}";regint=${options.registerInterval ?? 60};audio_codecs=PCMU/8000/1,PCMA/8000/1;answermode=${options.answers ?? "manual"}\n`,
    );
    const [command, ...args] = [...this.#within, "baresip", "-f", options.folder];
    this.program = new Program({ command: command ?? "baresip", args, cwd: options.folder });
  }

  /** Waits for the 200 to its REGISTER. */
  async registered(milliseconds = 10_000): Promise<void> {
    await this.program.waitFor(
      /\b200 (OK|Ok)\b.*\[1 binding|All \d+ useragents? registered|\{\d\/[A-Z]+\/v4\} 200/,
      milliseconds,
    );
  }

  /** One command of baresip's `ctrl_tcp` module: netstring-framed JSON. Gives the answer's text. */
  control(command: string, params = "", milliseconds = 3_000): Promise<string> {
    if (this.#within.length > 0) return this.#controlWithin(command, params, milliseconds);
    return new Promise((resolve, reject) => {
      const socket = connect(this.#controlPort, this.#address);
      let received = "";
      const timer = setTimeout(() => socket.destroy(new Error(`baresip did not answer ${command}`)), milliseconds);
      socket.on("connect", () => socket.write(netstring(command, params)));
      socket.on("data", (chunk) => {
        received += chunk.toString("utf8");
        if (/"response":true/.test(received)) socket.end();
      });
      socket.on("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      socket.on("close", () => {
        clearTimeout(timer);
        resolve(received);
      });
    });
  }

  async #controlWithin(command: string, params: string, milliseconds: number): Promise<string> {
    const script = `const s=require("node:net").connect(${this.#controlPort},"${this.#address}");let r="";s.on("connect",()=>s.write(process.argv[1]));s.on("data",(d)=>{r+=d;if(/"response":true/.test(r))s.end()});s.on("close",()=>{console.log(r);process.exit(0)});`;
    const [first, ...rest] = [...this.#within, process.execPath, "-e", script, netstring(command, params)];
    const program = new Program({ command: first ?? "", args: rest });
    await program.exit(milliseconds);
    return program.output;
  }

  /** The recorded files: `dec` what was heard, `enc` what was said. */
  recording(kind: "dec" | "enc"): string[] {
    return readdirSync(this.recordings)
      .filter((name) => name.endsWith(`-${kind}.wav`))
      .sort()
      .map((name) => join(this.recordings, name));
  }

  async stop(): Promise<void> {
    await this.program.stop(3_000);
  }
}

function netstring(command: string, params: string): string {
  const json = JSON.stringify(params === "" ? { command, token: "1" } : { command, params, token: "1" });
  return `${Buffer.byteLength(json)}:${json},`;
}
