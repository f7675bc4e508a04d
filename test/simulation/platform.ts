import { directory } from "@sipmesh/directory";
import { edge } from "@sipmesh/edge";
import { location } from "@sipmesh/location";
import { media } from "@sipmesh/media";
import { routing } from "@sipmesh/routing";
import { type Configured, configured, VirtualProcess, VirtualSite, type World } from "@sipmesh/testkit/simulation";
import { transaction } from "@sipmesh/transaction";

/** Seconds that a phone may ring. */
export const RING_TIME = 30;
export const DOMAIN = "example.com";
export const PASSWORD = "secret";

export interface PlatformOptions {
  readonly users: readonly string[];
  readonly media: "always" | "never";
  /** One process with all services, or several of each with everything between them. */
  readonly shape: "all" | "split";
}

/** The platform's processes in a virtual world. */
export interface VirtualPlatform {
  readonly site: VirtualSite;
  readonly processes: readonly VirtualProcess[];
  /** Where phones send to: one address for each edge. */
  readonly edges: readonly { readonly address: string; readonly port: number }[];
  /** The processes that run a target. */
  with(target: string): VirtualProcess[];
  targetsOf(process: VirtualProcess): readonly string[];
  /** One process takes the place of another. */
  replace(former: VirtualProcess, by: VirtualProcess): void;
  /** A process has left for good. */
  gone(process: VirtualProcess): void;
  /** A further process with the targets of one that is there, yet to be started. */
  another(like: VirtualProcess): VirtualProcess;
}

/** The real modules, configured for a domain with these users. */
export function modules(options: PlatformOptions, address: string): Record<string, Configured> {
  const listeners = (["udp", "tcp"] as const).map((transport) => ({ transport, address, port: 5060 }));
  return {
    directory: configured(directory, {
      domains: [{ name: DOMAIN, subscribers: options.users.map((user) => ({ user, password: PASSWORD })) }],
    }),
    location: configured(location),
    routing: configured(routing, { media: options.media, ringTime: RING_TIME }),
    media: configured(media),
    transaction: configured(transaction),
    edge: configured(edge, {
      listeners,
      screening: { rate: 1_000_000, burst: 1_000_000 },
      // Its own messages would blur when the last message of a call was.
      selfCheck: { interval: 600 },
    }),
  };
}

const order = ["directory", "location", "routing", "media", "transaction", "edge"];

const shapes: Readonly<Record<PlatformOptions["shape"], readonly (readonly string[])[]>> = {
  all: [order],
  split: [
    ["directory"],
    ["location"],
    ["location"],
    ["routing"],
    ["routing"],
    ["media"],
    ["transaction"],
    ["transaction"],
    ["transaction"],
    ["edge"],
    ["edge"],
  ],
};

/** Starts the processes and waits until each is ready. */
export async function startPlatform(world: World, options: PlatformOptions): Promise<VirtualPlatform> {
  const site = new VirtualSite(world);
  const processes: VirtualProcess[] = [];
  const targets = new Map<VirtualProcess, readonly string[]>();
  for (const [index, names] of shapes[options.shape].entries()) {
    const address = `10.0.0.${index + 1}`;
    const process = new VirtualProcess(site, `${names.length > 1 ? "all" : names[0]}-${index + 1}`, address);
    processes.push(process);
    targets.set(process, names);
    const all = modules(options, address);
    const starting = process.start(names.map((name) => all[name] as Configured));
    await world.expect(`start of ${process.instance}`, starting);
  }
  await world.pass(30_000, () => processes.every(({ ready }) => ready));
  const late = processes.filter(({ ready }) => !ready).map(({ instance }) => instance);
  if (late.length > 0) throw new Error(`not ready after half a minute: ${late.join(", ")}`);
  let made = processes.length;
  const withTarget = (target: string) => processes.filter((process) => targets.get(process)?.includes(target));
  const targetsOf = (process: VirtualProcess) => targets.get(process) ?? [];
  return {
    site,
    processes,
    edges: withTarget("edge").map(({ address }) => ({ address, port: 5060 })),
    with: withTarget,
    targetsOf,
    replace(former, by) {
      targets.set(by, targetsOf(former));
      processes.splice(processes.indexOf(former), 1, by);
    },
    gone(process) {
      targets.delete(process);
      processes.splice(processes.indexOf(process), 1);
    },
    another(like) {
      const number = ++made;
      const process = new VirtualProcess(site, `${targetsOf(like)[0]}-${number}`, `10.0.0.${number}`);
      processes.push(process);
      targets.set(process, targetsOf(like));
      return process;
    },
  };
}
