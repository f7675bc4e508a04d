import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Program } from "@sipmesh/drivers";
import type { Peer } from "./peer.ts";

const CONFIG = new URL("./scenarios/kamailio.cfg", import.meta.url).pathname;

/** Kamailio as it is fastest on such a machine: fast allocator, large socket buffers, two UDP workers. */
export async function startKamailio(options: { digest: boolean }): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), "sipmesh-bench-"));
  const args = ["-f", CONFIG, "-x", "fm", "-X", "fm", "-m", "1024", "-M", "32", "-DD", "-Y", folder, "-w", folder];
  if (options.digest) args.push("-A", "WITH_AUTH");
  const program = new Program({ command: "kamailio", args });
  await pause(1_500);
  if (!program.running)
    throw new Error(`Kamailio did not start (is port 5060 free?):\n${program.output.slice(-2_000)}`);
  return { name: "Kamailio", pids: [program.pid], stop: () => program.stop() };
}
