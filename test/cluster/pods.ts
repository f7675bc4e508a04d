import { nodes } from "./nodes.ts";
import type { Pod, Release } from "./release.ts";
import { able } from "./surroundings.ts";

/** A pod of a component: where there are calls to own, the one that owns most of those that are being set up. */
export async function busiest(release: Release, component: string): Promise<Pod> {
  const pods = (await release.pods(component)).filter(({ ready, leaving }) => ready && !leaving);
  const load = await Promise.all(pods.map(async ({ name }) => callsIn(await release.stateOf(name, component))));
  const [first] = pods.toSorted((one, other) => (load[pods.indexOf(other)] ?? 0) - (load[pods.indexOf(one)] ?? 0));
  if (first === undefined) throw new Error(`no pod of ${component} is ready`);
  return first;
}

function callsIn(state: unknown): number {
  return (state as { callsInSetup?: number }).callsInSetup ?? 0;
}

/** A pod of a component that is ready. */
export async function oneOf(release: Release, component: string): Promise<Pod> {
  const pod = (await release.pods(component)).find(({ ready, leaving }) => ready && !leaving);
  if (pod === undefined) throw new Error(`no pod of ${component} is ready`);
  return pod;
}

/** The NATS server that leads the stream of the bindings: nothing can be written until another one does. */
export async function bindingsLeader(release: Release): Promise<Pod> {
  const pods = await release.pods("nats");
  const monitor = `/api/v1/namespaces/${release.namespace}/pods/${pods[0]?.name}:8222/proxy/jsz?streams=true`;
  const { account_details: accounts } = JSON.parse(await release.kubectl("get", "--raw", monitor)) as JetStreamState;
  const streams = accounts.flatMap(({ stream_detail }) => stream_detail);
  const leader = streams.find(({ name }) => name === "KV_sipmesh-bindings")?.cluster.leader;
  const pod = pods.find(({ name }) => name === leader);
  if (pod === undefined) throw new Error(`the bindings are led by ${leader}, which is no pod`);
  return pod;
}

/** As far as tests look at what `/jsz` of NATS shows. */
interface JetStreamState {
  readonly account_details: readonly {
    readonly stream_detail: readonly { readonly name: string; readonly cluster: { readonly leader?: string } }[];
  }[];
}

/** The edge at a node, by the node's number. */
export async function edgeAt(release: Release, number: string | undefined): Promise<Pod> {
  const node = (await nodes()).find((one) => one.number === number);
  const edge = (await release.pods("edge")).find((pod) => pod.node === node?.name && pod.ready && !pod.leaving);
  if (edge === undefined) throw new Error(`no edge is ready at node ${number}`);
  return edge;
}

/** kill −9 of its first process; gives back when the container has started again. */
export async function kill(release: Release, pod: Pod, component: string): Promise<void> {
  await able("killContainer", [release.namespace, pod.name], 30_000);
  await release.restarted(pod, component);
}

/** Deletes it as `kubectl delete pod` does, and gives back when it is gone. */
export async function remove(release: Release, pod: Pod, component: string): Promise<void> {
  await release.kubectl("delete", "pod", pod.name, "--wait=false");
  await release.gone(pod, component);
}

/** The Call-IDs of the calls that a pod of transaction owns and that ring. */
export async function callsOf(release: Release, { name }: Pod): Promise<readonly string[]> {
  const { calls } = (await release.stateOf(name, "transaction")) as { calls: readonly { callId: string }[] };
  return calls.map(({ callId }) => callId);
}
