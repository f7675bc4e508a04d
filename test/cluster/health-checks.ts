import { setTimeout as pause } from "node:timers/promises";
import { nodes } from "./nodes.ts";
import type { Release } from "./release.ts";
import { able } from "./surroundings.ts";

const SERVICES = ["sipmesh-sip-udp", "sipmesh-sip-tcp"];
/** Milliseconds between two looks, and for which an answer is awaited. */
const INTERVAL = 250;
const PATIENCE = 1000;
/** Looks in a row without an answer after which a node is taken for dead: one that is slow for a moment would lose its connections. */
const SILENT = 3;

type Answer = "serves" | "has none" | "silent";

/**
 * Plays the health checks of a load balancer: asks each node at the Service's health-check port whether it has an edge that is ready,
 * and leads the Services to another node where theirs has none any more.
 */
export class HealthChecks {
  readonly #release: Release;
  readonly #ports: readonly string[];
  readonly #over = new AbortController();
  #running: Promise<void> | undefined;
  #led = "";
  /** Looks in a row to which the node that is led to gave no answer. */
  #silent = 0;

  private constructor(release: Release, ports: readonly string[]) {
    this.#release = release;
    this.#ports = ports;
  }

  static async start(release: Release): Promise<HealthChecks> {
    const port = async (name: string) =>
      await release.kubectl("get", "service", name, "-o", "jsonpath={.spec.healthCheckNodePort}");
    const checks = new HealthChecks(release, await Promise.all(SERVICES.map(port)));
    await checks.#look();
    checks.#running = checks.#keepLooking();
    return checks;
  }

  /** The number of the node that the Services lead to now. */
  get node(): string {
    return this.#led;
  }

  /** Leads the Services to a node; they stay there for as long as it has an edge that is ready. */
  async lead(number: string): Promise<void> {
    for (const service of SERVICES) await able("loadBalancer", [this.#release.namespace, service, number], 30_000);
    this.#led = number;
    this.#silent = 0;
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }

  async #keepLooking(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await pause(INTERVAL);
      await this.#look();
    }
  }

  async #look(): Promise<void> {
    const all = await this.#nodes();
    const present = all.find(({ number }) => number === this.#led);
    if (present !== undefined && (await this.#stays(present.address))) return;
    for (const { number, address } of all) {
      if (number === this.#led || (await this.#ask(address)) !== "serves") continue;
      await this.lead(number);
      return;
    }
  }

  /** Whether the node that is led to may keep the Services. */
  async #stays(address: string): Promise<boolean> {
    const answer = await this.#ask(address);
    this.#silent = answer === "silent" ? this.#silent + 1 : 0;
    return answer === "serves" || (answer === "silent" && this.#silent < SILENT);
  }

  #known: Awaited<ReturnType<typeof nodes>> | undefined;
  async #nodes() {
    this.#known ??= await nodes();
    return this.#known;
  }

  async #ask(address: string): Promise<Answer> {
    const [port] = this.#ports;
    try {
      const answer = await fetch(`http://${address}:${port}/healthz`, { signal: AbortSignal.timeout(PATIENCE) });
      return answer.ok ? "serves" : "has none";
    } catch {
      return "silent";
    }
  }
}
