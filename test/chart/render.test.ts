import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { missing } from "@sipmesh/drivers";
import { parseAllDocuments } from "yaml";
import { HELMS, render, renderWith, VALUES } from "./helm.ts";

const HERE = new URL(".", import.meta.url).pathname;
/** Renders are reviewed: SIPMESH_TEST_GOLDEN=write writes them anew. */
const WRITE = process.env.SIPMESH_TEST_GOLDEN === "write";

const sets: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ["defaults", []],
  ...[VALUES, `${HERE}values`].flatMap((folder) =>
    readdirSync(folder).map((file) => [file.replace(".yaml", ""), ["-f", `${folder}/${file}`]] as const),
  ),
]);

/** What needs a token of the API server's: the others get none. */
const ASKS_THE_API = /-secrets-|-certificates$|-before-autoscaling$|-autoscaler$|-controller$/;
/** What belongs to no namespace. */
const OF_THE_CLUSTER = ["ClusterRole", "ClusterRoleBinding"];

interface Pod {
  readonly hostNetwork?: boolean;
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly containers: readonly {
    readonly securityContext?: Readonly<Record<string, unknown>>;
    readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
    readonly env?: readonly { readonly name: string; readonly value?: string }[];
  }[];
}

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: {
    readonly template?: { readonly spec: Pod };
    readonly jobTemplate?: { readonly spec: { readonly template: { readonly spec: Pod } } };
  } & Partial<Pod>;
}

interface Scaled {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly replicas?: number; readonly scaleTargetRef?: { readonly name: string } };
}

const objectsOf = (text: string): Rendered[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as Rendered | null)
    .filter((one) => one !== null);

const podsOf = (text: string): { name: string; pod: Pod }[] =>
  objectsOf(text).flatMap(({ kind, metadata, spec }) => {
    const pod = kind === "Pod" ? (spec as Pod) : (spec?.template ?? spec?.jobTemplate?.spec.template)?.spec;
    return pod === undefined ? [] : [{ name: metadata.name, pod }];
  });

describe("The chart's renders", { skip: missing("helm") }, () => {
  for (const [name, args] of sets) {
    it(`${name}: as reviewed, and the same twice and by each version of Helm`, () => {
      const { text, refusal } = render(...args);
      assert.equal(refusal, "");
      assert.equal(render(...args).text, text);
      for (const helm of HELMS) assert.equal(renderWith(helm, ...args).text, text, helm);
      const golden = `${HERE}golden/${name}.yaml`;
      if (WRITE) writeFileSync(golden, text);
      assert.equal(text, readFileSync(golden, "utf8"));
    });

    it(`${name}: every pod is restricted but for the host network it was asked to use`, () => {
      const { text } = render(...args);
      const pods = podsOf(text);
      assert.ok(pods.length >= (name === "handing-over" ? 4 : 7));
      for (const { name: of, pod } of pods) {
        const { runAsNonRoot, runAsUser, seccompProfile } = pod.securityContext ?? {};
        assert.deepEqual([runAsNonRoot, seccompProfile], [true, { type: "RuntimeDefault" }], of);
        assert.ok(Number.isInteger(runAsUser), of);
        assert.equal(pod.automountServiceAccountToken, ASKS_THE_API.test(of), of);
        assert.equal(pod.enableServiceLinks, false, of);
        for (const { securityContext, resources } of pod.containers) {
          assert.deepEqual(
            securityContext,
            { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
            of,
          );
          assert.equal(resources?.limits?.cpu, undefined, of);
        }
        const variables = Object.fromEntries((pod.containers[0]?.env ?? []).map((one) => [one.name, one.value]));
        if (pod.hostNetwork === true && "SIPMESH_ADMIN_PORT" in variables)
          assert.equal(variables.SIPMESH_ADMIN_ADDRESS, "127.0.0.1", `${of} shows its admin port to the world`);
      }
    });

    it(`${name}: every object has a name and namespace of its own`, () => {
      const objects = objectsOf(render(...args).text);
      const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
      assert.deepEqual(names, [...new Set(names)]);
      for (const { kind, metadata } of objects) {
        const { namespace, name: of } = metadata;
        if (OF_THE_CLUSTER.includes(kind)) assert.equal(namespace, undefined, `${kind} ${of}`);
        // The right to read by whom the aggregator is known is given where that is written.
        else if (namespace !== "kube-system" || kind !== "RoleBinding")
          assert.equal(namespace, "phones", `${kind} ${of}`);
        if (namespace !== "phones")
          assert.match(of, /^phones-/, `${kind} ${of} has a name that another release has too`);
      }
    });
  }

  for (const [name, args] of sets) {
    it(`${name}: the number of pods is the release's or the autoscaler's, and never both`, () => {
      const objects = objectsOf(render(...args).text) as unknown as Scaled[];
      const scalers = objects.filter(({ kind }) => kind === "HorizontalPodAutoscaler" || kind === "ScaledObject");
      const scaled = scalers.map(({ spec }) => spec.scaleTargetRef?.name).sort();
      const deployments = objects.filter(({ kind }) => kind === "Deployment");
      const without = deployments.filter(({ spec }) => spec.replicas === undefined);
      assert.deepEqual(without.map(({ metadata }) => metadata.name).sort(), scaled);
      for (const { metadata } of without) assert.equal(metadata.annotations?.["sipmesh.io/replicas"], "autoscaled");
      assert.equal(scaled.length > 0, name.startsWith("autoscaled"));
    });
  }

  it("nothing is on the host network where the namespace is restricted", () => {
    const { text } = render("-f", `${VALUES}/restricted.yaml`);
    assert.deepEqual(
      podsOf(text).filter(({ pod }) => pod.hostNetwork === true),
      [],
    );
  });

  it("what belongs to a golden render only is no longer rendered", () => {
    assert.deepEqual(readdirSync(`${HERE}golden`).sort(), [...sets.keys()].map((name) => `${name}.yaml`).sort());
  });
});
