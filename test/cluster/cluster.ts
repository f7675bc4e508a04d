import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { missing, runProgram } from "@sipmesh/drivers";

/** What the surroundings can do, by the variable that names the command. docs/kubernetes.md has the list. */
const COMMANDS = {
  /** REFERENCE CONTEXT FLAGS…: builds the image and puts it on every node. */
  buildImage: "SIPMESH_TEST_BUILD_IMAGE",
  /** nats-server|jaeger REFERENCE: puts that program on every node as an image. */
  programImage: "SIPMESH_TEST_PROGRAM_IMAGE",
  /** NAMESPACE SERVICE [N]: leads a Service of type LoadBalancer to the node whose name ends in N; prints its address. */
  loadBalancer: "SIPMESH_TEST_LOAD_BALANCER",
  /** NAMESPACE POD: kill −9 of the first process of its container, from outside. */
  killContainer: "SIPMESH_TEST_KILL_CONTAINER",
  /** COMMAND…: runs it where phones are. */
  outside: "SIPMESH_TEST_OUTSIDE",
} as const;

export type Capability = keyof typeof COMMANDS;

const PROGRAMS = ["kubectl", "helm", "sipp"];
const ROOT = new URL("../..", import.meta.url).pathname;
const CHART = join(ROOT, "charts", "sipmesh");

/** For `node:test`'s `skip`: false where there is a cluster and all that these tests need of it. */
export function noCluster(): string | false {
  const unset = ["KUBECONFIG", ...Object.values(COMMANDS)].filter((name) => (process.env[name] ?? "") === "");
  if (unset.length > 0) return `not set: ${unset.join(", ")}`;
  return missing(...PROGRAMS);
}

/** The command that does something, to be put before its arguments. */
export function commandFor(capability: Capability): readonly string[] {
  return (process.env[COMMANDS[capability]] ?? "").split(" ").filter((word) => word !== "");
}

export async function able(capability: Capability, args: readonly string[], patience: number): Promise<string> {
  const [command = "", ...first] = commandFor(capability);
  return await runProgram(command, [...first, ...args], patience);
}

/** Of our image: who shares a cluster with others takes one of his own. */
const TAG = process.env.SIPMESH_TEST_IMAGE_TAG ?? "test";

/** The images of a run: ours built from this source, the others from programs. */
export const IMAGES = {
  image: { registry: "sipmesh.test", tag: TAG, pullPolicy: "Never" },
  nats: { image: { registry: "sipmesh.test", repository: "nats", tag: "test", pullPolicy: "Never" } },
  jaeger: { image: { registry: "sipmesh.test", repository: "jaeger", tag: "test", pullPolicy: "Never" } },
} as const;

export async function putImages(): Promise<void> {
  await able("programImage", ["nats-server", "sipmesh.test/nats:test"], 120_000);
  await able("programImage", ["jaeger", "sipmesh.test/jaeger:test"], 120_000);
  await able("buildImage", [`sipmesh.test/sipmesh:${TAG}`, ROOT, "-f", `${ROOT}deploy/Dockerfile`], 900_000);
}

/** A release of the chart in a namespace of its own. */
export class Release {
  readonly namespace: string;

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  /** Makes the namespace, and lets it enforce a Pod Security Standard. */
  async create(enforce: "privileged" | "restricted"): Promise<void> {
    await runProgram("kubectl", ["create", "namespace", this.namespace]);
    const label = `pod-security.kubernetes.io/enforce=${enforce}`;
    await runProgram("kubectl", ["label", "namespace", this.namespace, label]);
  }

  /** Installs or upgrades, and waits until every pod of the new revision is ready. `file` is one of charts/sipmesh/values. */
  async install(values: object, file?: string): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "sipmesh-values-"));
    const own = join(folder, "values.json");
    writeFileSync(own, JSON.stringify(values));
    const files = file === undefined ? [own] : [join(CHART, "values", file), own];
    const flags = files.flatMap((one) => ["-f", one]);
    await this.helm("upgrade", "--install", "sipmesh", CHART, "--create-namespace", ...flags);
    rmSync(folder, { recursive: true });
    await this.settled();
  }

  /** Waits for states, not for seconds: every workload has all its pods, of the new revision, ready. */
  async settled(): Promise<void> {
    const workloads = (await this.kubectl("get", "deployments,daemonsets,statefulsets", "-o", "name"))
      .trim()
      .split("\n");
    for (const workload of workloads) await this.kubectl("rollout", "status", workload, "--timeout=180s");
  }

  async helm(...args: string[]): Promise<string> {
    return await runProgram("helm", [...args, "-n", this.namespace], 300_000);
  }

  async kubectl(...args: string[]): Promise<string> {
    return await runProgram("kubectl", ["-n", this.namespace, ...args], 240_000);
  }

  /** What a Service answers at a path, asked through the API server. */
  async ask(service: string, port: number, path: string): Promise<unknown> {
    const proxy = `/api/v1/namespaces/${this.namespace}/services/${service}:${port}/proxy`;
    return JSON.parse(await this.kubectl("get", "--raw", `${proxy}${path}`));
  }

  async uninstall(): Promise<void> {
    await this.helm("uninstall", "sipmesh", "--wait");
  }

  async remove(): Promise<void> {
    await runProgram("kubectl", ["delete", "namespace", this.namespace, "--ignore-not-found"], 180_000);
  }
}

/** Asks until an answer is there. */
export async function until<T>(ask: () => Promise<T | undefined>, milliseconds: number, what: string): Promise<T> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${milliseconds} ms`);
    await pause(500);
  }
}

/** A scenario of test/scenarios. */
export const scenario = (name: string): string => new URL(`../scenarios/${name}.xml`, import.meta.url).pathname;
