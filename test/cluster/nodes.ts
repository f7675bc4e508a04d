import { runProgram } from "@sipmesh/drivers";

/** Who bears it runs the cluster and holds no pods of ours: kind has a node for it that must not be killed. */
const CONTROL_PLANE = "node-role.kubernetes.io/control-plane";

export interface Node {
  readonly name: string;
  /** Its place among the names of the nodes, by which the surroundings' commands know it. */
  readonly number: string;
  readonly address: string;
  readonly ready: boolean;
}

/** The nodes that pods run on: those of the control plane are left out, unless all are. */
export async function nodes(): Promise<readonly Node[]> {
  const { items } = JSON.parse(await runProgram("kubectl", ["get", "nodes", "-o", "json"])) as { items: RawNode[] };
  const workers = items.filter(({ metadata }) => metadata.labels?.[CONTROL_PLANE] === undefined);
  return (workers.length > 0 ? workers : items)
    .toSorted((one, other) => one.metadata.name.localeCompare(other.metadata.name, "en", { numeric: true }))
    .map(({ metadata, status }, at) => ({
      name: metadata.name,
      number: String(at + 1),
      address: status.addresses.find(({ type }) => type === "InternalIP")?.address ?? "",
      ready: status.conditions.some(({ type, status: is }) => type === "Ready" && is === "True"),
    }));
}

/** The number of a node, by its name. */
export async function numberOf(name: string): Promise<string> {
  const node = (await nodes()).find((one) => one.name === name);
  if (node === undefined) throw new Error(`there is no node ${name} that pods run on`);
  return node.number;
}

interface RawNode {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly status: {
    readonly addresses: readonly { readonly type: string; readonly address: string }[];
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
  };
}
