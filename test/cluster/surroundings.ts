import { missing, runProgram } from "@sipmesh/drivers";

/**
 * What the surroundings can do: the variable that names the command, and the command for kind and Docker where it is not
 * set. N is a node's number as `nodes.ts` has it. docs/kubernetes.md has the list.
 */
const COMMANDS = {
  /** REFERENCE CONTEXT FLAGS…: builds the image and puts it on every node. */
  buildImage: "SIPMESH_TEST_BUILD_IMAGE",
  /** nats-server|jaeger REFERENCE: puts that program on every node as an image. */
  programImage: "SIPMESH_TEST_PROGRAM_IMAGE",
  /** NAMESPACE SERVICE [N]: leads a Service of type LoadBalancer to a node; prints its address. */
  loadBalancer: "SIPMESH_TEST_LOAD_BALANCER",
  /** NAMESPACE POD [CONTAINER]: kill −9 of a container's first process. */
  killContainer: "SIPMESH_TEST_KILL_CONTAINER",
  /** N: a power cut. */
  killNode: "SIPMESH_TEST_KILL_NODE",
  /** Brings every dead node back. */
  restoreNodes: "SIPMESH_TEST_RESTORE_NODES",
  /** COMMAND…: runs it where phones are. */
  outside: "SIPMESH_TEST_OUTSIDE",
} as const;

export type Capability = keyof typeof COMMANDS;

const KIND: Readonly<Record<Capability, string>> = {
  buildImage: "build-image",
  programImage: "program-image",
  loadBalancer: "load-balancer",
  killContainer: "kill-container",
  killNode: "kill-node",
  restoreNodes: "restore-nodes",
  outside: "outside",
};

/** The root of the repository, with a slash at its end. */
export const ROOT = new URL("../..", import.meta.url).pathname;

const PROGRAMS = ["kubectl", "helm", "sipp"];

/** The address where phones are. */
export const OUTSIDE = process.env.SIPMESH_TEST_OUTSIDE_ADDRESS ?? "172.18.0.1";

/** For `node:test`'s `skip`: false where there is a cluster and all that these tests need of it. */
export function noCluster(...more: readonly string[]): string | false {
  if ((process.env.KUBECONFIG ?? "") === "") return "not set: KUBECONFIG";
  const unset = Object.values(COMMANDS).filter((name) => (process.env[name] ?? "") === "");
  return missing(...PROGRAMS, ...more, ...(unset.length > 0 ? ["kind", "docker"] : []));
}

/** The command that does something, to be put before its arguments. */
export function commandFor(capability: Capability): readonly string[] {
  const words = (process.env[COMMANDS[capability]] ?? "").split(" ").filter((word) => word !== "");
  return words.length > 0 ? words : [new URL(`kind/${KIND[capability]}`, import.meta.url).pathname];
}

export async function able(capability: Capability, args: readonly string[], patience: number): Promise<string> {
  const [command = "", ...first] = commandFor(capability);
  return await runProgram(command, [...first, ...args], patience);
}
