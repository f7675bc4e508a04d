import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Kubernetes } from "./kubernetes.ts";
import { kubernetesClient } from "./kubernetes-client.ts";

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: as the API server would read it
  readonly body: any;
}

describe("What is asked of the API server", () => {
  const folder = mkdtempSync(join(tmpdir(), "sipmesh-autoscaler-"));
  const former = process.env.KUBECONFIG;
  let asked: Asked[] = [];
  let answer: { status: number; body: object } = { status: 200, body: {} };
  let kubernetes: Kubernetes;

  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      const url = new URL(request.url ?? "", "http://api");
      asked.push({ method: request.method ?? "", url, headers: request.headers, body: text && JSON.parse(text) });
      response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
    });
  });
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
      users: [{ name: "u", user: { token: "t" } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    };
    process.env.KUBECONFIG = join(folder, "config");
    writeFileSync(process.env.KUBECONFIG, JSON.stringify(config));
    kubernetes = kubernetesClient("phones");
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
    if (former === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = former;
  });

  /** The one request that led to what `ask` gives. */
  async function one<T>(status: number, body: object, ask: () => Promise<T>): Promise<readonly [T, Asked]> {
    [asked, answer] = [[], { status, body }];
    const given = await ask();
    assert.equal(asked.length, 1);
    return [given, asked[0] as Asked];
  }
  const registration = {
    namespace: "phones",
    service: "autoscaler",
    port: 443,
    authorities: "PEM",
    owner: { name: "role", uid: "u-1" },
  };

  it("an APIService that is there is changed as it was read; one that is not is made and takes nobody's place", async () => {
    const [, change] = await one(200, {}, () => kubernetes.register(registration, "17"));
    assert.equal(
      `${change.method} ${change.url.pathname}`,
      "PATCH /apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io",
    );
    assert.equal(change.headers["content-type"], "application/apply-patch+yaml");
    assert.equal(change.url.searchParams.get("force"), "true");
    assert.equal(change.url.searchParams.get("fieldManager"), "sipmesh-phones");
    assert.equal(change.body.metadata.resourceVersion, "17");
    assert.equal(Buffer.from(change.body.spec.caBundle, "base64").toString(), "PEM");
    assert.deepEqual(change.body.spec.service, { namespace: "phones", name: "autoscaler", port: 443 });
    assert.equal(change.body.metadata.ownerReferences[0].uid, "u-1");
    const [, make] = await one(201, {}, () => kubernetes.register(registration, undefined));
    assert.equal(make.url.searchParams.get("force"), "false");
    assert.equal(make.body.metadata.resourceVersion, undefined);
    assert.deepEqual((await one(409, {}, () => kubernetes.register(registration, undefined)))[0], false);
  });

  it("the Secret is written only as the version that was read", async () => {
    const [changed, { method, url, headers, body }] = await one(200, {}, () =>
      kubernetes.writeSecret("s", { "tls.key": "k" }, "4"),
    );
    assert.ok(changed);
    assert.equal(`${method} ${url.pathname}`, "PATCH /api/v1/namespaces/phones/secrets/s");
    assert.equal(headers["content-type"], "application/merge-patch+json");
    assert.deepEqual(body, { metadata: { resourceVersion: "4" }, stringData: { "tls.key": "k" } });
    assert.equal((await one(409, {}, () => kubernetes.writeSecret("s", {}, "4")))[0], false);
    assert.equal((await one(404, {}, () => kubernetes.secret("s")))[0], undefined);
    const stored = { metadata: { resourceVersion: "5" }, data: { "tls.key": Buffer.from("k").toString("base64") } };
    assert.deepEqual((await one(200, stored, () => kubernetes.secret("s")))[0], {
      data: { "tls.key": "k" },
      version: "5",
    });
  });

  it("a review names the user with groups and extras, and what he wants", async () => {
    const asker = { user: "hpa", uid: "", groups: ["g"], extra: { scopes: ["a"] } };
    const wish = { verb: "list", namespace: "phones", resource: "sipmesh_calls_per_second" } as const;
    const [allowed, { url, body }] = await one(201, { status: { allowed: true } }, () =>
      kubernetes.allowed(asker, wish),
    );
    assert.ok(allowed);
    assert.equal(url.pathname, "/apis/authorization.k8s.io/v1/subjectaccessreviews");
    assert.deepEqual(body.spec, {
      user: "hpa",
      groups: ["g"],
      extra: { scopes: ["a"] },
      resourceAttributes: { group: "external.metrics.k8s.io", version: "v1beta1", ...wish },
    });
    assert.equal((await one(201, {}, () => kubernetes.allowed(asker, { verb: "get", path: "/apis" })))[0], false);
    assert.deepEqual(asked[0]?.body.spec.nonResourceAttributes, { path: "/apis", verb: "get" });
  });

  it("of a pod the deletion cost alone is changed; one that is gone is no trouble", async () => {
    const [, { method, url, headers, body }] = await one(200, {}, () => kubernetes.setDeletionCost("p", "3"));
    assert.equal(`${method} ${url.pathname}`, "PATCH /api/v1/namespaces/phones/pods/p");
    assert.equal(headers["content-type"], "application/merge-patch+json");
    assert.deepEqual(body, { metadata: { annotations: { "controller.kubernetes.io/pod-deletion-cost": "3" } } });
    await one(404, {}, () => kubernetes.setDeletionCost("p", "3"));
    const items = [{ metadata: { name: "p", annotations: body.metadata.annotations } }, { metadata: { name: "q" } }];
    const [pods, list] = await one(200, { items }, () => kubernetes.pods("a=b"));
    assert.deepEqual(
      [...pods],
      [
        ["p", "3"],
        ["q", undefined],
      ],
    );
    assert.equal(list.url.searchParams.get("labelSelector"), "a=b");
  });

  it("what else goes wrong is thrown", async () => {
    answer = { status: 403, body: { message: "may not" } };
    await assert.rejects(kubernetes.secret("s"), /403/);
    await assert.rejects(kubernetes.frontProxy(), /403/);
  });

  it("every question has a deadline", { timeout: 20_000 }, async () => {
    server.removeAllListeners("request");
    server.on("request", () => {});
    await assert.rejects(kubernetes.frontProxy(), /abort|timeout/i);
  });
});
