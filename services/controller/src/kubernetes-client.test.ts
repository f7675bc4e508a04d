import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { systemClock } from "@sipmesh/environment";
import { until } from "@sipmesh/environment/testing";
import { kubernetesClient } from "./kubernetes-client.ts";

const named = (name: string, resourceVersion: string, status: object = {}) => ({
  metadata: { name, resourceVersion },
  spec: {},
  status,
});

describe("What is followed at the API server", () => {
  const folder = mkdtempSync(join(tmpdir(), "sipmesh-controller-"));
  const former = process.env.KUBECONFIG;
  const clock = systemClock((error) => {
    throw error;
  });
  /** Paths with their queries, as they were asked for. */
  const asked: string[] = [];
  /** The watches that are open, by path. */
  const watches = new Map<string, ServerResponse>();
  const lists = new Map<string, object[]>();
  let away = false;

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://api");
    asked.push(`${url.pathname}${url.search}`);
    if (away) response.writeHead(503).end("{}");
    else if (url.searchParams.get("watch") === "true") {
      response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
      watches.set(url.pathname, response);
    } else {
      const body = {
        kind: "List",
        apiVersion: "v1",
        metadata: { resourceVersion: "10" },
        items: lists.get(url.pathname),
      };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    }
  });
  const tell = (path: string, type: string, object: object) =>
    watches.get(path)?.write(`${JSON.stringify({ type, object })}\n`);

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
  });
  after(async () => {
    clock.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
    if (former === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = former;
  });

  it("all nodes, and the Services of one namespace that bear some labels: listed, then watched, and on after trouble", async () => {
    const nodes = "/api/v1/nodes";
    const services = "/api/v1/namespaces/phones/services";
    lists.set(nodes, [named("n1", "1")]);
    lists.set(services, []);
    const kubernetes = kubernetesClient("phones", { serviceSelector: "app=edge" }, clock);
    const known: Record<string, readonly string[]> = {};
    const failures: unknown[] = [];
    const learn = (kind: string) => (all: readonly { metadata?: { name?: string } }[]) => {
      known[kind] = all.map(({ metadata }) => metadata?.name ?? "").sort();
    };
    const failed = (error: unknown) => failures.push(error);
    const followed = [kubernetes.nodes(learn("nodes"), failed), kubernetes.services(learn("services"), failed)];
    await until(() => known.nodes?.length === 1 && known.services !== undefined && watches.size === 2);
    assert.ok(asked.includes(`${services}?labelSelector=app%3Dedge`), asked.join("\n"));
    assert.ok(asked.includes(`${services}?watch=true&resourceVersion=10&labelSelector=app%3Dedge`), asked.join("\n"));
    assert.deepEqual(known.services, []);

    tell(nodes, "ADDED", named("n2", "11"));
    tell(services, "ADDED", named("sip", "11"));
    await until(() => known.nodes?.length === 2 && known.services?.length === 1);
    tell(nodes, "DELETED", named("n1", "12"));
    await until(() => known.nodes?.join() === "n2");

    away = true;
    for (const watch of watches.values()) watch.destroy();
    watches.clear();
    await until(() => failures.length > 0);
    away = false;
    await until(() => watches.size === 2, 20_000);
    tell(nodes, "ADDED", named("n3", "13"));
    await until(() => known.nodes?.join() === "n2,n3");
    for (const one of followed) one.close();
  });
});
