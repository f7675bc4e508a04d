import type { Sighting } from "./sip-tap.ts";
import { inWords } from "./sip-tap.ts";

const COLUMN = 26;

/** The messages of a call as lines between its hosts, with times in seconds. `names` gives hosts other names. */
export function ladder(sightings: readonly Sighting[], names: ReadonlyMap<string, string> = new Map()): string {
  const shown = sightings.filter(({ what, transport }) => what !== "delivered" || transport === "udp");
  const hosts = [...new Set(shown.flatMap(({ from, to }) => [from.address, to.address]))].sort();
  const name = (host: string) => names.get(host) ?? host;
  const lines = [`${" ".repeat(10)}${hosts.map((host) => name(host).padEnd(COLUMN)).join("")}`];
  for (const { at, what, from, to, message } of shown) {
    // Arrivals are as good as their sending unless somebody asks when.
    if (what === "delivered") continue;
    const start = hosts.indexOf(from.address);
    const end = hosts.indexOf(to.address);
    const [left, right] = start < end ? [start, end] : [end, start];
    const width = Math.max(1, right - left) * COLUMN - 2;
    const mark = what === "lost" ? " (lost)" : what === "unheard" ? " (nobody there)" : "";
    const words = ` ${inWords(message)}${mark} `.slice(0, Math.max(0, width - 3));
    const dashes = "-".repeat(Math.max(0, width - words.length - 1));
    const arrow = start < end ? `-${words}${dashes}>` : `<${dashes}${words}-`;
    lines.push(`${(at / 1000).toFixed(3).padStart(9)} ${" ".repeat(left * COLUMN)}|${arrow}`);
  }
  return lines.join("\n");
}
