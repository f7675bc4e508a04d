// Run as a Job by charts/sipmesh before a release that autoscales is installed or upgraded: refuses with a sentence what
// would not work, and sees to it that the number of pods does not fall to one when the release gives it up.
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type ApiService, refusalOf } from "./api-owner.ts";
import { askApiServer, bodyOf } from "./api-server.ts";
import { type Deployment, KEEP, stepFor } from "./scaled-deployment.ts";

const API_SERVICE = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io";
const MERGE = "application/merge-patch+json";
const APPLY = "application/apply-patch+yaml";
const MANAGER = "sipmesh-autoscaling";
const TRIES = 5;

/** What the operator is told instead of an installation that would not work. */
class Refusal extends Error {}

const { values } = parseArgs({
  options: {
    namespace: { type: "string", default: "" },
    /** The Service that would serve external.metrics.k8s.io; none: it is not asked for. */
    service: { type: "string", default: "" },
    /** Deployments whose number of pods the release gives up. */
    scaled: { type: "string", default: "" },
    /** They leave the release for a moment. */
    leave: { type: "boolean", default: false },
  },
});

for (let attempt = 1; ; attempt++) {
  try {
    await prepare();
    process.stdout.write("nothing stands against it\n");
    break;
  } catch (error) {
    const last = error instanceof Refusal || attempt === TRIES;
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    if (last) process.exit(1);
    await pause(1000 * attempt);
  }
}

async function prepare(): Promise<void> {
  const { namespace, service, scaled, leave } = values;
  if (service !== "") {
    const refusal = refusalOf((await found(API_SERVICE)) as ApiService | undefined, `${namespace}/${service}`);
    if (refusal !== undefined) throw new Refusal(refusal);
  }
  const names = scaled.split(",").filter((name) => name !== "");
  const steps = [];
  for (const name of names) {
    const deployment = (await found(pathOf(name))) as Deployment | undefined;
    if (deployment !== undefined) steps.push({ name, step: stepFor(deployment, leave) });
  }
  const refused = steps.flatMap(({ name, step }) => (step.do === "refuse" ? [name] : []));
  if (refused.length > 0) throw new Refusal(clientSide(refused));
  for (const { name, step } of steps) {
    if (step.do === "keep") await annotate(name, "keep");
    else if (step.do === "no-longer-keep") await annotate(name, null);
    else if (step.do === "hold") await hold(name, step.replicas);
  }
}

function clientSide(names: readonly string[]): string {
  return (
    `the number of pods of ${names.join(", ")} is part of this release, and Helm, which works out the changes itself ` +
    "here, would leave one pod of each when autoscaling takes it over: upgrade once with autoscaling.handOver=true (and " +
    "autoscaling.enabled=false), then with autoscaling.enabled=true. With Helm 4, or Argo CD's ServerSideApply, upgrade " +
    "once by server-side apply instead. docs/kubernetes.md tells why."
  );
}

async function found(path: string): Promise<unknown> {
  const answer = await askApiServer("GET", path);
  return answer.status === 404 ? undefined : bodyOf(`GET ${path}`, answer);
}

function pathOf(name: string): string {
  return `/apis/apps/v1/namespaces/${values.namespace}/deployments/${name}`;
}

async function annotate(name: string, policy: "keep" | null): Promise<void> {
  const body = { metadata: { annotations: { [KEEP]: policy } } };
  bodyOf(name, await askApiServer("PATCH", `${pathOf(name)}?fieldManager=${MANAGER}`, body, MERGE));
  process.stdout.write(
    `${name} ${policy === "keep" ? "stays while the release gives it up" : "is the release's again"}\n`,
  );
}

async function hold(name: string, replicas: number): Promise<void> {
  const body = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name }, spec: { replicas } };
  const path = `${pathOf(name)}?fieldManager=${MANAGER}&force=true`;
  bodyOf(name, await askApiServer("PATCH", path, body, APPLY));
  process.stdout.write(`${name} keeps its ${replicas} pods\n`);
}
