import { runProgram } from "./program.ts";

/** Seconds after which the router forgets a UDP mapping that nothing passed through. */
export const UDP_TIMEOUT = 10;

/**
 * Three hosts in network namespaces of the test's own: the platform and a phone on the public side, and a phone behind a
 * masquerading router whose UDP mappings live for ten seconds. Needs root, `ip` and `nft`.
 *
 *     inside 192.168.77.2 ── 192.168.77.1 router 10.203.0.2 ── 10.203.0.1 platform
 */
export class NattedNetwork {
  readonly platformAddress = "10.203.0.1";
  readonly insideAddress = "192.168.77.2";
  readonly #name: string;

  private constructor(name: string) {
    this.#name = name;
  }

  static async make(): Promise<NattedNetwork> {
    const network = new NattedNetwork(`sm${process.pid}`);
    try {
      await network.#lay();
    } catch (error) {
      await network.remove();
      throw error;
    }
    return network;
  }

  /** What stands before a command that is to run on a host. */
  on(host: "platform" | "router" | "inside"): string[] {
    return ["ip", "netns", "exec", `${this.#name}-${host}`];
  }

  async remove(): Promise<void> {
    for (const host of ["inside", "router", "platform"])
      await ip(["netns", "del", `${this.#name}-${host}`]).catch(() => "");
  }

  async #lay(): Promise<void> {
    const name = this.#name;
    for (const host of ["platform", "router", "inside"]) {
      await ip(["netns", "add", `${name}-${host}`]);
      await ip(["-n", `${name}-${host}`, "link", "set", "lo", "up"]);
    }
    await this.#cable("platform", "wan", "10.203.0.1/24", "router", "out", "10.203.0.2/24");
    await this.#cable("inside", "eth", "192.168.77.2/24", "router", "in", "192.168.77.1/24");
    await ip(["-n", `${name}-inside`, "route", "add", "default", "via", "192.168.77.1"]);
    const router = this.on("router");
    await run([...router, "sysctl", "-qw", "net.ipv4.ip_forward=1"]);
    await run([...router, "nft", "add table ip nat"]);
    await run([...router, "nft", "add chain ip nat leaving { type nat hook postrouting priority 100 ; }"]);
    await run([...router, "nft", 'add rule ip nat leaving oifname "out" masquerade']);
    // Nothing from outside comes in but what answers.
    await run([...router, "nft", "add table ip screen"]);
    await run([...router, "nft", "add chain ip screen through { type filter hook forward priority 0 ; }"]);
    await run([...router, "nft", 'add rule ip screen through iifname "out" ct state established,related accept']);
    await run([...router, "nft", 'add rule ip screen through iifname "out" drop']);
    await run([...router, "sysctl", "-qw", `net.netfilter.nf_conntrack_udp_timeout=${UDP_TIMEOUT}`]);
    await run([...router, "sysctl", "-qw", `net.netfilter.nf_conntrack_udp_timeout_stream=${UDP_TIMEOUT}`]);
  }

  async #cable(a: string, aLink: string, aAddress: string, b: string, bLink: string, bAddress: string): Promise<void> {
    const name = this.#name;
    await ip([
      "link",
      "add",
      aLink,
      "netns",
      `${name}-${a}`,
      "type",
      "veth",
      "peer",
      "name",
      bLink,
      "netns",
      `${name}-${b}`,
    ]);
    await ip(["-n", `${name}-${a}`, "address", "add", aAddress, "dev", aLink]);
    await ip(["-n", `${name}-${b}`, "address", "add", bAddress, "dev", bLink]);
    await ip(["-n", `${name}-${a}`, "link", "set", aLink, "up"]);
    await ip(["-n", `${name}-${b}`, "link", "set", bLink, "up"]);
  }
}

const ip = (args: readonly string[]) => runProgram("ip", args);

function run([command, ...args]: readonly string[]): Promise<string> {
  return runProgram(command ?? "", args);
}
