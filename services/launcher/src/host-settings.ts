import { readFileSync } from "node:fs";

/** A setting of the machine's kernel that is lower than the platform needs. */
export interface HostProblem {
  /** As sysctl names it. */
  readonly setting: string;
  readonly value: number;
  readonly needed: number;
  readonly why: string;
}

interface Need extends Omit<HostProblem, "value"> {
  /** The targets that need it. */
  readonly targets: readonly string[];
}

const NEEDS: readonly Need[] = [
  {
    setting: "net.core.rmem_max",
    needed: 4_194_304,
    // The edge tells what its sockets were granted itself.
    targets: ["media"],
    why: "bursts of RTP are lost where a socket's buffer is small",
  },
  {
    setting: "net.netfilter.nf_conntrack_max",
    needed: 131_072,
    targets: ["edge", "media"],
    why: "every phone takes an entry and every stream of media two; when the table is full, packets are dropped",
  },
  {
    setting: "net.netfilter.nf_conntrack_udp_timeout",
    needed: 15,
    targets: ["edge", "media"],
    why: "the way to a phone that has not answered yet is forgotten between two pings (edge.keepAlive.interval)",
  },
  {
    setting: "net.netfilter.nf_conntrack_udp_timeout_stream",
    needed: 60,
    targets: ["edge", "media"],
    why: "the way to a phone or to held media is forgotten in a pause",
  },
];

/**
 * What the kernel's settings lack for these targets. A setting that is not there concerns nobody: without connection
 * tracking there is no such file, and in a pod's own network none for the node's.
 *
 * @param read gives a file's text; undefined where there is none
 */
export function hostProblems(
  targets: readonly string[],
  read: (file: string) => string | undefined = textOf,
): readonly HostProblem[] {
  return NEEDS.flatMap(({ targets: needing, ...need }) => {
    if (!needing.some((target) => targets.includes(target))) return [];
    const text = read(`/proc/sys/${need.setting.replaceAll(".", "/")}`);
    const value = Number(text);
    return text === undefined || !Number.isFinite(value) || value >= need.needed ? [] : [{ ...need, value }];
  });
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
