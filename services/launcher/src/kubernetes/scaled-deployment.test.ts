import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { refusalOf } from "./api-owner.ts";
import { AUTOSCALED, type Deployment, KEEP, stepFor } from "./scaled-deployment.ts";

/** A Deployment of six pods, as `manager` applied it. */
function deployment(operation: "Apply" | "Update", annotations: Record<string, string> = {}): Deployment {
  const spec = { "f:replicas": {}, "f:template": {} };
  const status = { manager: "kube-controller-manager", operation: "Update", subresource: "status", fieldsV1: {} };
  return {
    metadata: { annotations, managedFields: [{ manager: "helm", operation, fieldsV1: { "f:spec": spec } }, status] },
    spec: { replicas: 6 },
  };
}

describe("A Deployment whose number of pods the release gives up", () => {
  it("is held at the pods that it has, where the release is applied by the server", () => {
    assert.deepEqual(stepFor(deployment("Apply"), false), { do: "hold", replicas: 6 });
  });

  it("is refused where Helm works out the changes: it would delete the number whoever holds it", () => {
    assert.deepEqual(stepFor(deployment("Update"), false), { do: "refuse" });
    const byOthers = { manager: "kubectl", operation: "Apply", fieldsV1: { "f:spec": { "f:replicas": {} } } };
    const { metadata, spec } = deployment("Update");
    const mixed = { metadata: { ...metadata, managedFields: [...(metadata.managedFields ?? []), byOthers] }, spec };
    assert.deepEqual(stepFor(mixed, false), { do: "refuse" });
  });

  it("then it leaves the release, stays, and comes back", () => {
    assert.deepEqual(stepFor(deployment("Update"), true), { do: "keep" });
    const kept = { [KEEP]: "keep" };
    assert.deepEqual(stepFor(deployment("Update", kept), true), { do: "nothing" });
    assert.deepEqual(stepFor(deployment("Update", kept), false), { do: "nothing" });
    assert.deepEqual(stepFor(deployment("Update", { ...kept, [AUTOSCALED]: "x" }), false), { do: "no-longer-keep" });
  });

  it("is left alone where it is autoscaled already", () => {
    assert.deepEqual(stepFor(deployment("Update", { [AUTOSCALED]: "x" }), false), { do: "nothing" });
    assert.deepEqual(stepFor(deployment("Apply", { [AUTOSCALED]: "x" }), false), { do: "nothing" });
  });
});

describe("external.metrics.k8s.io has one owner in a cluster", () => {
  const ours = "phones/sipmesh-autoscaler";
  const servedBy = (namespace: string, name: string) => ({ spec: { service: { namespace, name } } });

  it("it may be ours where nobody serves it, or we do", () => {
    assert.equal(refusalOf(undefined, ours), undefined);
    assert.equal(refusalOf(servedBy("phones", "sipmesh-autoscaler"), ours), undefined);
  });

  it("another adapter, another release, or the API server itself: a sentence that names it and the way out", () => {
    const keda = refusalOf(servedBy("keda", "keda-operator-metrics-apiserver"), ours) ?? "";
    assert.match(keda, /served by keda\/keda-operator-metrics-apiserver in this cluster already/);
    assert.match(keda, /set autoscaling\.metrics to keda, prometheus or cpu/);
    assert.match(refusalOf(servedBy("other", "sipmesh-autoscaler"), ours) ?? "", /other\/sipmesh-autoscaler/);
    assert.match(refusalOf({ spec: {} }, ours) ?? "", /the API server itself/);
  });
});
