import { readFileSync } from "node:fs";
import { isIP } from "node:net";

/** Milliseconds after which the file is read again. */
const KEPT = 5000;

/** Names and addresses of a hosts file (hosts(5)); names in lower case. */
export function parseHosts(text: string): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (!address || isIP(address) === 0) continue;
    for (const alias of aliases) {
      const name = alias.toLowerCase();
      const known = names.get(name);
      if (known === undefined) names.set(name, [address]);
      else known.push(address);
    }
  }
  return names;
}

/** The addresses that the hosts file has for a name; empty where it has none or cannot be read. */
export function hostsFile(file: string): (name: string, family: 4 | 6) => string[] {
  let names = new Map<string, string[]>();
  let read = Number.NEGATIVE_INFINITY;
  return (name, family) => {
    const now = performance.now();
    if (now - read > KEPT) {
      read = now;
      try {
        names = parseHosts(readFileSync(file, "utf8"));
      } catch {
        names = new Map();
      }
    }
    return (names.get(name.toLowerCase()) ?? []).filter((address) => isIP(address) === family);
  };
}
