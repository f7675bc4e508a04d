import { Program } from "@sipmesh/drivers";
import { nodes } from "./nodes.ts";
import { componentLabel, type Release } from "./release.ts";
import { until } from "./until.ts";

/** What is watched of a pod, a line for each change. */
const LINE = [
  "{.metadata.uid}",
  "{.spec.nodeName}",
  "{.metadata.deletionTimestamp}",
  '{.status.conditions[?(@.type=="Ready")].status}',
].join(",");

/** Follows the pods of a component, change by change, which a look now and then would miss. */
export class WatchedPods {
  readonly #program: Program;
  readonly #nodes: readonly string[];

  private constructor(program: Program, all: readonly string[]) {
    this.#program = program;
    this.#nodes = all;
  }

  static async start({ namespace }: Release, component: string): Promise<WatchedPods> {
    const all = (await nodes()).map(({ name }) => name);
    const what = ["get", "pods", "-l", componentLabel(component), "--watch", "-o", `jsonpath=${LINE}{"\\n"}`];
    const watched = new WatchedPods(new Program({ command: "kubectl", args: ["-n", namespace, ...what] }), all);
    const known = () => (watched.#without().at(-1)?.length === 0 ? true : undefined);
    await until(known, 10_000, `every node has a pod of ${component} that is ready`);
    return watched;
  }

  /**
   * The nodes without a pod that is ready and stays, after each change since each had one, those without a change left out.
   */
  get without(): readonly (readonly string[])[] {
    const all = this.#without();
    const from = all.findIndex(({ length }) => length === 0);
    return all.slice(from).filter((names, at, rest) => at === 0 || names.join() !== rest[at - 1]?.join());
  }

  async stop(): Promise<void> {
    await this.#program.kill();
  }

  #without(): string[][] {
    const serving = new Map<string, string>();
    const lines = this.#program.output.split("\n").slice(0, -1);
    return lines.map((line) => {
      const [uid = "", node = "", deleted, ready] = line.split(",");
      if (deleted === "" && ready === "True") serving.set(uid, node);
      else serving.delete(uid);
      const there = new Set(serving.values());
      return this.#nodes.filter((name) => !there.has(name));
    });
  }
}
