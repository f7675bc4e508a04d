import type { Cluster, Instance } from "@sipmesh/cluster";
import { Edges, type Names } from "../edges.ts";

export const OWN = { address: "10.0.0.1", port: 5060 };

/** An edge at 10.0.0.`id` that speaks UDP and TCP, and tells peers `advertised`; undefined: its own address. */
export function edgeAt(id: string, more: Partial<Instance> = {}, advertised?: typeof OWN): Instance {
  const addresses = ["udp", "tcp"].map((transport) => ({
    transport,
    address: `10.0.0.${id}`,
    port: 5060,
    ...(advertised && { advertised }),
  }));
  return { id, node: "n", targets: ["edge"], members: [], addresses, ...more };
}

/** What presence tells of edges, and the way to change it. `complete`: everybody has been heard of. */
export function presence(first: readonly Instance[], names: Names = { names: [] }, complete = true) {
  let edges = first;
  let changed = () => {};
  const cluster = {
    complete,
    instances: (target: string) => (target === "edge" ? edges : []),
    onChange(run: () => void) {
      changed = run;
      return { close() {} };
    },
  } as unknown as Cluster;
  return {
    edges: new Edges(cluster, names),
    become(...now: Instance[]) {
      edges = now;
      changed();
    },
  };
}
