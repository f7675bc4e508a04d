import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Program } from "./program.ts";

export interface LinphoneOptions {
  /** The configuration file that was tried with Debian's linphonec. */
  readonly template: string;
  readonly folder: string;
  readonly user: string;
  readonly password: string;
  readonly server: string;
  readonly domain?: string;
  readonly sipPort: number;
  readonly rtpPort: number;
}

/** Linphone's console program, steered at its prompt. */
export class Linphone {
  readonly program: Program;
  readonly folder: string;

  constructor(options: LinphoneOptions) {
    this.folder = options.folder;
    mkdirSync(join(options.folder, ".local/share/linphone"), { recursive: true });
    const host = options.server.split(":")[0] ?? "";
    const domain = options.domain ?? host;
    const file = join(options.folder, "linphonerc");
    writeFileSync(
      file,
      readFileSync(options.template, "utf8")
        .replace(/^sip_port=.*$/m, `sip_port=${options.sipPort}`)
        .replace(/^audio_rtp_port=.*$/m, `audio_rtp_port=${options.rtpPort}`)
        .replace(/^contact=.*$/m, `contact="${options.user}" <sip:${options.user}@127.0.0.1:${options.sipPort}>`)
        .replace(/^reg_proxy=.*$/m, `reg_proxy=<sip:${options.server};transport=udp>`)
        .replace(/^reg_route=.*$/m, `reg_route=<sip:${options.server};transport=udp;lr>`)
        .replace(/^reg_identity=.*$/m, `reg_identity=sip:${options.user}@${domain}`)
        .replace(/^username=.*$/m, `username=${options.user}`)
        .replace(/^passwd=.*$/m, `passwd=${options.password}`)
        .replace(/^domain=.*$/m, `domain=${domain}`),
    );
    this.program = new Program({
      command: "linphonec",
      args: ["-c", file],
      cwd: options.folder,
      env: { HOME: options.folder, TERM: "dumb" },
      interactive: true,
    });
  }

  /** Waits for the registration, then takes sound from and to files. */
  async registered(milliseconds = 15_000): Promise<void> {
    const end = Date.now() + milliseconds;
    // It says nothing by itself before it was asked.
    while (!/registered, identity=/.test(this.program.output)) {
      if (Date.now() > end || !this.program.running)
        throw new Error(`linphonec did not register: ${this.program.output.slice(-2_000)}`);
      this.program.type("status register");
      await pause(200);
    }
    this.program.type("soundcard use files");
  }

  async stop(): Promise<void> {
    if (this.program.running) this.program.type("quit");
    await this.program.exit(3_000).catch(() => this.program.kill());
  }
}
