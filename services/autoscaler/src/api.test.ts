import assert from "node:assert/strict";
import { request as ask } from "node:https";
import { after, before, beforeEach, describe, it } from "node:test";
import { systemClock } from "@sipmesh/environment";
import { until } from "@sipmesh/environment/testing";
import { silentTelemetry } from "@sipmesh/telemetry";
import { schema } from "./config.ts";
import type { Source } from "./external-metrics.ts";
import { Serving } from "./serving.ts";
import { ClientAuthority } from "./testing/front-proxy-authority.ts";
import { MemoryKubernetes } from "./testing/memory-kubernetes.ts";
import type { Volume } from "./volume.ts";

const API = "/apis/external.metrics.k8s.io/v1beta1";
const VALUES = `${API}/namespaces/phones`;
const HPA = {
  "x-remote-user": "system:serviceaccount:kube-system:horizontal-pod-autoscaler",
  "x-remote-group": ["system:serviceaccounts", "system:authenticated"],
  "x-remote-extra-authentication.kubernetes.io%2fcredential-id": "JTI=1",
};

const calls = (over: Partial<Extract<Volume, { known: true }>> = {}): Volume => ({
  known: true,
  work: "calls",
  perSecond: 12.5,
  inProgress: 40,
  delay: 0.0004,
  heard: Date.UTC(2026, 0, 1, 12, 0, 0, 900),
  instances: [],
  ...over,
});

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: what a Kubernetes client would read
  readonly body: any;
}

describe("external.metrics.k8s.io, as the API server's aggregator asks", () => {
  const volumes = new Map<string, Volume>();
  const source: Source = {
    get targets() {
      return [...volumes.keys()];
    },
    of: (target) => volumes.get(target) ?? { known: false, reason: "nobody" },
  };
  const clock = systemClock(() => {});
  let [aggregator, stranger] = [
    { cert: "", key: "" },
    { cert: "", key: "" },
  ];
  let kubernetes: MemoryKubernetes;
  let authority: ClientAuthority;
  let serving: Serving;

  before(async () => {
    authority = await ClientAuthority.make("front-proxy-ca");
    aggregator = await authority.client("front-proxy-client");
    stranger = await (await ClientAuthority.make("front-proxy-ca")).client("front-proxy-client");
    kubernetes = new MemoryKubernetes(authority.certificate);
    const names = { namespace: "phones", service: "autoscaler", secret: "certificate", clusterRole: "role" };
    const config = schema.parse({ ...names, address: "127.0.0.1", port: 0 });
    const failed = () => () => {};
    serving = new Serving({ kubernetes, clock, telemetry: silentTelemetry(), source, config, names, failed });
    await until(() => serving.port !== undefined && serving.problem === "");
  });
  beforeEach(() => {
    volumes.clear();
    volumes.set("transaction", calls());
    volumes.set("routing", calls({ work: "requests", perSecond: 80, inProgress: undefined, delay: 0.25 }));
    kubernetes.may = () => true;
    kubernetes.away = undefined;
  });
  after(async () => {
    await serving.stop();
    clock.close();
  });

  /** Asks as the aggregator does: trusting the caBundle of the APIService, and the Service's name. */
  function get(path: string, over: { headers?: object; client?: object; method?: string } = {}): Promise<Answer> {
    const { headers = HPA, client = aggregator, method = "GET" } = over;
    return new Promise((resolve, reject) => {
      const ca = kubernetes.registered?.authorities;
      const where = { host: "127.0.0.1", port: serving.port, servername: "autoscaler.phones.svc", ca, agent: false };
      const request = ask({ ...where, ...client, path, method, headers: headers as never }, (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text && JSON.parse(text) }));
      });
      request.on("error", reject);
      request.setTimeout(5000, () => request.destroy(new Error("no answer")));
      request.end();
    });
  }

  it("discovery names the metrics", async () => {
    const { status, body } = await get(API);
    assert.equal(status, 200);
    assert.equal(body.kind, "APIResourceList");
    assert.ok(body.resources.some(({ name }: { name: string }) => name === "sipmesh_calls_per_second"));
    const group = await get("/apis/external.metrics.k8s.io/");
    assert.equal(group.body.preferredVersion.groupVersion, "external.metrics.k8s.io/v1beta1");
    const groups = await get("/apis");
    assert.equal(groups.body.groups[0].name, "external.metrics.k8s.io");
  });

  it("a metric is a list of values, one for each target that has it", async () => {
    const { status, body } = await get(`${VALUES}/sipmesh_calls_per_second`);
    assert.equal(status, 200);
    assert.deepEqual(body, {
      kind: "ExternalMetricValueList",
      apiVersion: "external.metrics.k8s.io/v1beta1",
      metadata: {},
      items: [
        {
          metricName: "sipmesh_calls_per_second",
          metricLabels: { target: "transaction" },
          timestamp: "2026-01-01T12:00:00Z",
          window: 10,
          value: "12500000u",
        },
      ],
    });
    const progress = await get(`${VALUES}/sipmesh_calls_in_progress`);
    assert.equal(progress.body.items[0].value, "40000000u");
  });

  it("label selectors choose the targets", async () => {
    const selector = encodeURIComponent("target in (routing,location)");
    const { body } = await get(`${VALUES}/sipmesh_queue_delay_seconds?labelSelector=${selector}`);
    assert.deepEqual(
      body.items.map(({ metricLabels, value }: { metricLabels: object; value: string }) => [metricLabels, value]),
      [[{ target: "routing" }, "250000u"]],
    );
    assert.equal((await get(`${VALUES}/sipmesh_queue_delay_seconds`)).body.items.length, 2);
    assert.equal((await get(`${VALUES}/sipmesh_queue_delay_seconds?labelSelector=target%3E1`)).status, 400);
  });

  it("a load that is not known is an error that says why, and not 0", async () => {
    volumes.set("transaction", { known: false, reason: "transaction-x has not told its load for 16 s" });
    const { status, body } = await get(`${VALUES}/sipmesh_calls_per_second`);
    assert.equal(status, 503);
    assert.equal(body.kind, "Status");
    assert.equal(body.reason, "ServiceUnavailable");
    assert.match(body.message, /load of transaction is not known: transaction-x has not told its load for 16 s/);
    const other = await get(`${VALUES}/sipmesh_requests_per_second?labelSelector=target%3Drouting`);
    assert.equal(other.status, 200);
  });

  it("a metric that nobody has is an error, and not an empty list", async () => {
    assert.equal((await get(`${VALUES}/sipmesh_messages_per_second`)).status, 404);
    assert.equal((await get(`${VALUES}/sipmesh_calls_per_second?labelSelector=target%3Drouting`)).status, 404);
    assert.equal((await get(`${VALUES}/unheard_of`)).status, 404);
    assert.equal((await get(`${API}/namespaces/other/sipmesh_calls_per_second`)).status, 404);
  });

  it("who has no certificate of the front proxy's authority gets no further than the handshake", async () => {
    await assert.rejects(get(API, { client: {} }));
    await assert.rejects(get(API, { client: stranger }));
  });

  it("a certificate of that authority with another name is not the aggregator", async () => {
    const { status, body } = await get(API, { client: await authority.client("somebody-else") });
    assert.equal(status, 401);
    assert.equal(body.reason, "Unauthorized");
  });

  it("nobody is believed to be nobody", async () => {
    assert.equal((await get(API, { headers: {} })).status, 401);
  });

  it("the API server is asked whether who asks may, with all that the aggregator said of him", async () => {
    kubernetes.may = () => false;
    const { status, body } = await get(`${VALUES}/never_asked_for`);
    assert.equal(status, 403);
    assert.match(body.message, /horizontal-pod-autoscaler may not list never_asked_for.external/);
    assert.deepEqual(kubernetes.asked.at(-1), [
      {
        user: HPA["x-remote-user"],
        uid: "",
        groups: HPA["x-remote-group"],
        extra: { "authentication.kubernetes.io/credential-id": ["JTI=1"] },
      },
      { verb: "list", namespace: "phones", resource: "never_asked_for" },
    ]);
  });

  it("who is somebody belongs to all who are, as in the API server; what there is may be known to each of them", async () => {
    kubernetes.may = (asker) => asker.groups.includes("system:authenticated");
    const path = `${VALUES}/sipmesh_calls_per_second`;
    assert.equal((await get(path, { headers: { "x-remote-user": "system:kube-aggregator" } })).status, 200);
    assert.equal((await get(path, { headers: { "x-remote-user": "system:anonymous" } })).status, 403);
    kubernetes.away = new Error("no route to host");
    for (const there of ["/apis", "/apis/external.metrics.k8s.io", API])
      assert.equal((await get(there, { headers: { "x-remote-user": "system:kube-aggregator" } })).status, 200);
  });

  it("its answer is remembered for some seconds, user by user", async () => {
    const path = `${VALUES}/sipmesh_calls_per_second`;
    const asked = async (user: string) => {
      const before = kubernetes.asked.length;
      await get(path, { headers: { "x-remote-user": user } });
      return kubernetes.asked.length - before;
    };
    assert.deepEqual([await asked("ann"), await asked("ann"), await asked("ben")], [1, 0, 1]);
  });

  it("where it gives no answer nobody is let in", async () => {
    kubernetes.away = new Error("no route to host");
    const { status, body } = await get(`${VALUES}/sipmesh_calls_per_second`, { headers: { "x-remote-user": "joe" } });
    assert.equal(status, 503);
    assert.match(body.message, /does not say whether joe may/);
  });

  it("values can be read, and nothing else", async () => {
    for (const method of ["POST", "PUT", "DELETE"]) assert.equal((await get(API, { method })).status, 405);
    assert.equal((await get(`${VALUES}/sipmesh_calls_per_second?watch=true`)).status, 405);
    assert.equal((await get("/openapi/v2")).status, 404);
    assert.equal((await get(`${VALUES}/sipmesh_calls_per_second/one`)).status, 404);
  });
});
