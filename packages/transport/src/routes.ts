import { readFileSync } from "node:fs";
import { BlockList, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";

/** A network that is reached over one interface. */
export interface Route {
  readonly address: string;
  readonly prefix: number;
  readonly interface: string;
  /** Among routes of the same length the lowest wins. */
  readonly metric: number;
}

/** One address of this host. */
export interface OwnAddress {
  readonly address: string;
  readonly prefix: number;
  readonly interface: string;
  readonly internal: boolean;
}

/** Linux's /proc/net/route: words in the host's byte order, little-endian on all that we support. */
export function parseRoutes4(text: string): Route[] {
  const routes: Route[] = [];
  for (const line of text.split("\n").slice(1)) {
    const [name, destination, , flags, , , metric, mask] = line.split("\t");
    if (!name || !destination || !mask || (Number.parseInt(flags ?? "0", 16) & 1) === 0) continue;
    const word = Number.parseInt(destination, 16);
    const address = [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24].join(".");
    let prefix = 0;
    for (let bits = Number.parseInt(mask, 16); bits !== 0; bits &= bits - 1) prefix += 1;
    routes.push({ address, prefix, interface: name, metric: Number(metric) || 0 });
  }
  return routes;
}

/** Linux's /proc/net/ipv6_route. */
export function parseRoutes6(text: string): Route[] {
  const routes: Route[] = [];
  for (const line of text.split("\n")) {
    const [destination, prefix, , , , metric, , , flags, name] = line.trim().split(/\s+/);
    if (!name || !destination || destination.length !== 32) continue;
    // RTF_UP without RTF_REJECT.
    const bits = Number.parseInt(flags ?? "0", 16);
    if ((bits & 1) === 0 || (bits & 0x200) !== 0) continue;
    routes.push({
      address: destination.replace(/(.{4})(?!$)/g, "$1:"),
      prefix: Number.parseInt(prefix ?? "0", 16),
      interface: name,
      metric: Number.parseInt(metric ?? "0", 16),
    });
  }
  return routes;
}

function contains(network: { address: string; prefix: number }, address: string): boolean {
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  if (isIPv6(network.address) !== (family === "ipv6")) return false;
  const list = new BlockList();
  list.addSubnet(network.address, network.prefix, family);
  return list.check(address, family);
}

/** Which of our addresses faces `remote`, as the system's routes have it. */
export function addressToward(remote: string, own: readonly OwnAddress[], routes: readonly Route[]): string {
  const v6 = isIPv6(remote);
  const candidates = own.filter((mine) => isIPv6(mine.address) === v6);
  if (candidates.some((mine) => mine.address === remote)) return remote;
  const facing = [
    ...candidates.map((mine) => ({ ...mine, metric: 0 })),
    ...routes.filter((route) => candidates.some((mine) => mine.interface === route.interface)),
  ]
    .filter((network) => contains(network, remote))
    .sort((a, b) => b.prefix - a.prefix || a.metric - b.metric)[0];
  const onInterface = candidates.filter((mine) => mine.interface === facing?.interface);
  const faces =
    onInterface.find((mine) => contains(mine, remote)) ??
    onInterface[0] ??
    candidates.find((mine) => !mine.internal) ??
    candidates[0];
  return faces?.address ?? (v6 ? "::1" : "127.0.0.1");
}

/** The addresses that this host has now, the loopback last; link-local ones of IPv6 need a scope and are left out. */
export function readOwnAddresses(): OwnAddress[] {
  const own = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter((info) => !(info.family === "IPv6" && info.scopeid !== 0))
      .map((info) => ({
        address: info.address,
        prefix: Number(info.cidr?.split("/")[1] ?? (info.family === "IPv6" ? 128 : 32)),
        interface: name,
        internal: info.internal,
      })),
  );
  return own.sort((a, b) => Number(a.internal) - Number(b.internal));
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    // Not Linux: subnets of the own addresses and their order must do.
    return "";
  }
}

/** The routes that the system tells of; none where it is not Linux. */
export function readRoutes(): Route[] {
  return [...parseRoutes4(readOrNothing("/proc/net/route")), ...parseRoutes6(readOrNothing("/proc/net/ipv6_route"))];
}
