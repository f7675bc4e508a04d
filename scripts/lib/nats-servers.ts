import { spawnSync } from "node:child_process";
import { allOnPath, installDebian } from "./programs.ts";

export interface NatsServer {
  readonly path: string;
  readonly version: string;
}

/** Debian's, and the oldest that is supported. */
const OLDEST = "2.9";

/**
 * One nats-server of each version that is here, the newest first. Where the oldest supported one is not among them,
 * Debian's package is installed, if that is possible.
 */
export function natsServers(say: (text: string) => void): NatsServer[] {
  const found = distinct();
  if (found.length === 0 || found.some(({ version }) => version.startsWith(`${OLDEST}.`))) return found;
  installDebian(["nats-server"], say);
  return distinct();
}

function distinct(): NatsServer[] {
  const byVersion = new Map<string, NatsServer>();
  for (const path of allOnPath("nats-server")) {
    const version = /v?(\d+\.\d+\.\d+\S*)/.exec(spawnSync(path, ["--version"], { encoding: "utf8" }).stdout ?? "")?.[1];
    if (version !== undefined && !byVersion.has(version)) byVersion.set(version, { path, version });
  }
  return [...byVersion.values()].sort((a, b) => b.version.localeCompare(a.version, "en", { numeric: true }));
}
