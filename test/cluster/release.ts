import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attributeOf, type JaegerSpan, type JaegerTrace, runProgram } from "@sipmesh/drivers";
import { able, ROOT } from "./surroundings.ts";
import { until } from "./until.ts";

const CHART = join(ROOT, "charts", "sipmesh");

/** A pod, as far as tests look at it. */
export interface Pod {
  readonly name: string;
  /** A pod of a StatefulSet comes again under the same name. */
  readonly uid: string;
  readonly node: string;
  readonly ready: boolean;
  readonly leaving: boolean;
  readonly restarts: number;
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

  /**
   * Installs or upgrades, and waits until every pod of the new revision is ready. `file` is one of charts/sipmesh/values,
   * `chart` the folder of another version of the chart, `flags` are Helm's.
   */
  async install(
    values: object,
    { file, chart = CHART, flags = [] }: { file?: string; chart?: string; flags?: readonly string[] } = {},
  ): Promise<void> {
    await asFile(values, async (own) => {
      const files = file === undefined ? [own] : [join(chart, "values", file), own];
      const valueFlags = files.flatMap((one) => ["-f", one]);
      await this.helm("upgrade", "--install", "sipmesh", chart, "--create-namespace", ...valueFlags, ...flags);
    });
    await this.settled();
  }

  /** Puts an object of Kubernetes beside the release. */
  async apply(object: object): Promise<void> {
    await asFile(object, async (file) => await this.kubectl("apply", "-f", file));
  }

  /** Waits for states, not for seconds: every workload has all its pods, of the new revision, ready. */
  async settled(): Promise<void> {
    const workloads = (await this.kubectl("get", "deployments,daemonsets,statefulsets", "-o", "name"))
      .trim()
      .split("\n");
    for (const workload of workloads) await this.kubectl("rollout", "status", workload, "--timeout=180s");
  }

  /** Replaces pods that have been killed before: the kubelet starts them later each time, which is not ours to judge. */
  async freshened(): Promise<void> {
    const worn = (await this.pods()).filter(({ restarts }) => restarts > 0).map(({ name }) => name);
    if (worn.length > 0) await this.kubectl("delete", "pod", ...worn);
    await this.settled();
  }

  /** Pods of a component, or of all. */
  async pods(component?: string): Promise<readonly Pod[]> {
    const which = component === undefined ? "app.kubernetes.io/instance=sipmesh" : componentLabel(component);
    const { items } = JSON.parse(await this.kubectl("get", "pods", "-l", which, "-o", "json")) as { items: RawPod[] };
    return items.map(({ metadata, spec, status }) => ({
      name: metadata.name,
      uid: metadata.uid,
      node: spec.nodeName ?? "",
      ready: status.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false,
      leaving: metadata.deletionTimestamp !== undefined,
      restarts: status.containerStatuses?.[0]?.restartCount ?? 0,
    }));
  }

  /** What the service in a pod shows of itself at its admin port: `GET /state`. */
  async stateOf(pod: string, component: string): Promise<unknown> {
    const path = `/api/v1/namespaces/${this.namespace}/pods/${pod}:8060/proxy/state`;
    const { targets } = JSON.parse(await this.kubectl("get", "--raw", path)) as { targets: Record<string, unknown> };
    return targets[component];
  }

  /** Waits until every edge, or one, tells peers this address for a transport, as the controller has found it. */
  async tells(address: string, transport: "udp" | "tcp", who: "every" | "some" = "every"): Promise<void> {
    const told = async (pod: string) => {
      const { listeners } = (await this.stateOf(pod, "edge")) as { listeners: Listener[] };
      return listeners.some((one) => one.transport === transport && one.advertised?.address === address);
    };
    await until(
      async () => {
        const edges = await this.pods("edge");
        const all = await Promise.all(edges.map(({ name }) => told(name)));
        return all.length > 0 && all[who]((one) => one) ? true : undefined;
      },
      30_000,
      `${who} edge tells ${address} for ${transport}`,
    );
  }

  /** Waits until a pod's container has started again. */
  async restarted({ name, uid, restarts }: Pod, component: string): Promise<void> {
    await until(
      async () => (await this.pods(component)).find((one) => one.uid === uid && one.restarts > restarts),
      60_000,
      `${name} starts again`,
    );
  }

  /** Waits until a component has so many pods, all ready, and no others that are leaving. */
  async exactly(replicas: number, component: string): Promise<void> {
    await until(
      async () => {
        const pods = await this.pods(component);
        return pods.length === replicas && pods.every(({ ready, leaving }) => ready && !leaving) ? true : undefined;
      },
      120_000,
      `${replicas} pods of ${component}`,
    );
  }

  /** Waits until a pod is there no more. */
  async gone({ name, uid }: Pod, component: string): Promise<void> {
    await until(
      async () => ((await this.pods(component)).some((one) => one.uid === uid) ? undefined : true),
      90_000,
      `${name} is gone`,
    );
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

  /** The traces that hold a span of the transaction service with these tags, as an operator searches for them in Jaeger. */
  async traces(tags: Readonly<Record<string, string>>): Promise<readonly JaegerTrace[]> {
    return await this.#search({ service: "sipmesh-transaction", tags: JSON.stringify(tags), lookback: "1h" });
  }

  /** The requests that a pod was asked and that it began to answer between two moments, in milliseconds since 1970. */
  async answeredBy(pod: string, component: string, from: number, to: number): Promise<readonly JaegerSpan[]> {
    const service = `sipmesh-${component}`;
    const traces = await this.#search({
      service,
      tags: JSON.stringify({ "k8s.pod.name": pod, "span.kind": "server" }),
      start: String(Math.floor(from * 1000)),
      end: String(Math.ceil(to * 1000)),
    });
    return traces.flatMap(({ processes, spans }) =>
      spans.filter(
        ({ processID, tags }) =>
          processes[processID]?.serviceName === service &&
          attributeOf(processes[processID], "k8s.pod.name") === pod &&
          tags.some(({ key, value }) => key === "span.kind" && value === "server"),
      ),
    );
  }

  async #search(query: Readonly<Record<string, string>>): Promise<readonly JaegerTrace[]> {
    const search = new URLSearchParams(query);
    const { data } = (await this.ask("sipmesh-jaeger", 16_686, `/api/traces?${search}`)) as { data: JaegerTrace[] };
    return data;
  }

  async uninstall(): Promise<void> {
    await this.helm("uninstall", "sipmesh", "--wait");
  }

  /** Takes all of it away, without the time that edges and relays give to calls. */
  async remove(): Promise<void> {
    await runProgram("kubectl", ["delete", "namespace", this.namespace, "--ignore-not-found", "--wait=false"]);
    await runProgram(
      "kubectl",
      ["delete", "pods", "--all", "-n", this.namespace, "--force", "--grace-period=0"],
      60_000,
    );
    await runProgram("kubectl", ["wait", "--for=delete", `namespace/${this.namespace}`, "--timeout=240s"], 250_000);
    // Nodes that have a few volumes and no more get those of NATS back.
    await able("restoreNodes", [], 120_000);
  }
}

/** Hands over a file that holds an object, for as long as it is read. */
async function asFile(object: object, read: (path: string) => Promise<unknown>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sipmesh-object-"));
  const path = join(folder, "object.json");
  writeFileSync(path, JSON.stringify(object));
  try {
    await read(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface RawPod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
  };
}

export function componentLabel(component: string): string {
  return `app.kubernetes.io/instance=sipmesh,app.kubernetes.io/component=${component}`;
}

/** A listener, as an edge's state shows it. */
interface Listener {
  readonly transport: string;
  readonly advertised?: { readonly address: string };
}
