import { runProgram } from "@sipmesh/drivers";

export interface Node {
  readonly name: string;
  /** Its place among the names of all nodes, by which the surroundings' commands know it. */
  readonly number: string;
  readonly address: string;
  readonly ready: boolean;
}

export async function nodes(): Promise<readonly Node[]> {
  const { items } = JSON.parse(await runProgram("kubectl", ["get", "nodes", "-o", "json"])) as { items: RawNode[] };
  return items
    .toSorted((one, other) => one.metadata.name.localeCompare(other.metadata.name, "en", { numeric: true }))
    .map(({ metadata, status }, at) => ({
      name: metadata.name,
      number: String(at + 1),
      address: status.addresses.find(({ type }) => type === "InternalIP")?.address ?? "",
      ready: status.conditions.some(({ type, status: is }) => type === "Ready" && is === "True"),
    }));
}

interface RawNode {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly addresses: readonly { readonly type: string; readonly address: string }[];
    readonly conditions: readonly { readonly type: string; readonly status: string }[];
  };
}
