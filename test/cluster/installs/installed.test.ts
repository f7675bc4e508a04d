import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { attributeOf, type JaegerTrace, processOf } from "@sipmesh/drivers";
import { IMAGES, putImages } from "../images.ts";
import { numberOf } from "../nodes.ts";
import { callFromOutside } from "../outside-call.ts";
import { oneOf } from "../pods.ts";
import { Release } from "../release.ts";
import { able, noCluster } from "../surroundings.ts";
import { until } from "../until.ts";

describe("The chart on a cluster", { skip: noCluster() }, () => {
  const release = new Release(`sipmesh-${process.pid}`);
  const defaults = { ...IMAGES, jaeger: { ...IMAGES.jaeger, enabled: true } };
  /** What was there before. */
  const others = new Set<string>();
  let address = "";
  let callId = "";

  before(async () => {
    await putImages();
  });
  after(async () => {
    await release.remove();
  });

  it("installs with its defaults, and everything becomes ready", async () => {
    await release.create("privileged");
    for (const name of await everything(release)) others.add(name);
    await release.install(defaults);
  });

  it("starts from what was compiled when the image was made", async () => {
    const { name } = await oneOf(release, "routing");
    const looks = `
      const { readFileSync, readdirSync } = require("node:fs");
      const folder = require("node:module").getCompileCacheDir();
      const files = readdirSync(folder);
      for (const file of files) readFileSync(folder + "/" + file);
      console.log(files.length);`;
    assert.ok(Number(await release.kubectl("exec", name, "--", "node", "-e", looks)) > 500);
  });

  it("says how to register a phone, who may, how to call and where the trace is", async () => {
    const notes = await release.helm("get", "notes", "sipmesh");
    for (const word of [/sipmesh-sip-udp/, /password/, /helm test sipmesh/, /port-forward service\/sipmesh-jaeger/])
      assert.match(notes, word);
  });

  it("helm test: two phones talk, with passwords that were made in the cluster", async () => {
    const told = await release.helm("test", "sipmesh", "--logs", "--timeout", "2m");
    assert.match(told, /Phase: +Succeeded/);
    assert.equal(told.match(/the other's tone is clear/g)?.length, 2);
  });

  it("certificates are renewed: every server of NATS and every pod shows the new one, and nothing is restarted", async () => {
    const ends = async () => {
      const ask = (pod: string) => `/api/v1/namespaces/${release.namespace}/pods/${pod}:8060/proxy/metrics`;
      const label = "app.kubernetes.io/component in (transaction,location,routing,directory)";
      const names = (await release.kubectl("get", "pods", "-l", label, "-o", "name")).trim().split("\n");
      const pages = await Promise.all(names.map((name) => release.kubectl("get", "--raw", ask(name.slice(4)))));
      return pages.map((page) => Number(/^sipmesh_certificate_ends_seconds (\S+)/m.exec(page)?.[1]));
    };
    const restarts = "jsonpath={.items[*].status.containerStatuses[*].restartCount}";
    const before = Math.max(...(await ends()));
    // A third of the new life is more than is left of the old one: it is due.
    await release.install({ ...defaults, tls: { days: 300 } });
    await release.kubectl("create", "job", "look", "--from=cronjob/sipmesh-certificates");
    await release.kubectl("wait", "job/look", "--for=condition=complete", "--timeout=230s");
    assert.match(await release.kubectl("logs", "job/look"), /reloaded: sipmesh-nats-0|every server of NATS shows/);
    await until(
      async () => ((await ends()).every((one) => one > before + 100 * 86_400) ? true : undefined),
      150_000,
      "every pod shows the new certificate",
    );
    await release.kubectl("delete", "job", "look");
    const told = await release.helm("test", "sipmesh", "--logs", "--timeout", "2m");
    assert.match(told, /Phase: +Succeeded/);
    assert.doesNotMatch(await release.kubectl("get", "pods", "-o", restarts), /[1-9]/);
  });

  it("tells phones the load balancers' addresses once there are any, by itself and without a restart", async () => {
    const uids = async () => (await release.pods("edge")).map(({ uid, restarts }) => `${uid} ${restarts}`);
    const before = await uids();
    address = (await able("loadBalancer", [release.namespace, "sipmesh-sip-udp"], 30_000)).trim();
    const tcp = (await able("loadBalancer", [release.namespace, "sipmesh-sip-tcp"], 30_000)).trim();
    assert.match(address, /^[0-9.]+$/);
    await release.tells(address, "udp");
    await release.tells(tcp, "tcp");
    assert.deepEqual(await uids(), before);
  });

  it("is upgraded to a domain that asks for no passwords, and knows the addresses from the start", async () => {
    await release.install({
      ...defaults,
      config: {
        directory: {
          domains: [
            { name: "sipmesh.test", ownAddresses: true, authenticate: false, openToStrangers: true, anyUser: true },
          ],
        },
      },
    });
    await release.tells(address, "udp");
  });

  it("the load balancers lead to a node with an edge, as their health checks would", async () => {
    const ready = "jsonpath={.items[*].endpoints[?(@.conditions.ready==true)].nodeName}";
    const slices = ["endpointslices", "-l", "kubernetes.io/service-name=sipmesh-sip-udp"];
    const [node = ""] = (await release.kubectl("get", ...slices, "-o", ready)).split(" ");
    assert.notEqual(node, "");
    const number = await numberOf(node);
    for (const service of ["sipmesh-sip-udp", "sipmesh-sip-tcp"])
      await able("loadBalancer", [release.namespace, service, number], 30_000);
  });

  it("a phone outside registers and is called by another, through the load balancer", async () => {
    callId = await callFromOutside(`${address}:5060`);
  });

  it("a call is one trace in Jaeger, over its pods, which are named", async () => {
    const trace = await until(
      async () => {
        const found = await release.traces({ "sip.call_id": callId });
        return found.length === 1 && spans(found[0], "BYE") > 0 ? found[0] : undefined;
      },
      30_000,
      "one trace from INVITE to BYE",
    );
    assert.ok(spans(trace, "INVITE") > 0);
    for (const name of ["edge", "location", "media", "routing", "transaction"])
      assert.ok(serviceNames(trace).includes(`sipmesh-${name}`), `nothing from ${name} in ${serviceNames(trace)}`);
    for (const { serviceName, tags } of Object.values(trace.processes)) {
      const keys = tags.map(({ key }) => key);
      for (const key of ["k8s.pod.name", "k8s.node.name", "k8s.deployment.name"])
        assert.ok(keys.includes(key), `${serviceName} has no ${key}`);
    }
    const owner = processOf(trace, "sipmesh-transaction");
    for (const known of ["k8s.pod.name", "k8s.node.name", "k8s.deployment.name"]) {
      const found = await release.traces({
        [known]: attributeOf(owner, known) ?? "",
        "sip.status_code": "200",
        "sip.method": "BYE",
      });
      assert.ok(
        found.some(({ traceID }) => traceID === trace.traceID),
        `not found by ${known}`,
      );
    }
  });

  it("helm uninstall leaves the volumes of NATS, and nothing else", async () => {
    await release.uninstall();
    const left = await until(
      async () => {
        const ours = (await everything(release)).filter((name) => name.includes("sipmesh") && !others.has(name));
        return ours.length <= 2 ? ours : undefined;
      },
      60_000,
      "everything is gone",
    );
    assert.deepEqual(left, ["pod/sipmesh-test-call", "persistentvolumeclaim/data-sipmesh-nats-0"]);
  });
});

/** What there is in its namespace, and what belongs to the whole cluster. */
async function everything(release: Release): Promise<string[]> {
  const own =
    "all,secrets,configmaps,serviceaccounts,roles,rolebindings,pdb,pvc,hpa,networkpolicies,endpointslices,leases";
  const shared = "clusterroles,clusterrolebindings,apiservices,priorityclasses,persistentvolumes";
  const lists = [
    await release.kubectl("get", own, "-o", "name"),
    await release.kubectl("get", shared, "-o", "name"),
    await release.kubectl("get", "roles,rolebindings", "-n", "kube-system", "-o", "name"),
  ];
  return lists.flatMap((list) => list.trim().split("\n"));
}

/** Spans of a method's transactions. */
function spans(trace: JaegerTrace | undefined, method: string): number {
  const of = (span: JaegerTrace["spans"][number]) =>
    span.tags.some(({ key, value }) => key === "sip.method" && value === method);
  return trace?.spans.filter(of).length ?? 0;
}

function serviceNames(trace: JaegerTrace): string[] {
  return [...new Set(Object.values(trace.processes).map(({ serviceName }) => serviceName))].sort();
}
