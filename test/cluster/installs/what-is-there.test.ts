import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { issue, makeAuthority } from "@sipmesh/certificates/issuing";
import { IMAGES, putImages } from "../images.ts";
import { nodes } from "../nodes.ts";
import { callFromOutside } from "../outside-call.ts";
import { Release } from "../release.ts";
import { noCluster } from "../surroundings.ts";

const DAY = 86_400_000;
/** Between the NodePorts that other tests may hold. */
const NODE_PORT = 31_567;

describe("The chart beside what an operator has: NATS, certificates, subscribers, no load balancer", {
  skip: noCluster(),
}, () => {
  const release = new Release(`sipmesh-beside-${process.pid}`);
  const token = randomBytes(16).toString("hex");

  before(async () => {
    await putImages();
    await release.create("privileged");
    const authority = await makeAuthority("an operator", Date.now(), 10 * DAY);
    const of = async (...names: string[]) => {
      const { certificate, key } = await issue(authority, names, Date.now(), DAY);
      return { "ca.crt": authority.certificate, "tls.crt": certificate, "tls.key": key };
    };
    await release.apply(secret("their-nats-certificate", await of(`their-nats.${release.namespace}`)));
    await release.apply(secret("their-certificate", await of(`sipmesh.${release.namespace}.svc`)));
    await release.apply(secret("their-nats-token", { token }));
    const open = { ownAddresses: true, authenticate: false, openToStrangers: true, anyUser: true };
    await release.apply(
      secret("their-subscribers", { "domains.yaml": JSON.stringify([{ name: "their.test", ...open }]) }),
    );
    for (const object of natsOfTheirs(token)) await release.apply(object);
    await release.kubectl("rollout", "status", "deployment", "their-nats", "--timeout=120s");
  });
  after(async () => {
    await release.remove();
  });

  it("installs, brings no NATS and makes no secrets", async () => {
    const server = `nats://their-nats.${release.namespace}:4222`;
    await release.install({
      ...IMAGES,
      nats: {
        servers: [server],
        keep: 1,
        existingSecret: "their-nats-token",
        tls: { existingSecret: "their-nats-certificate" },
      },
      tls: { existingSecret: "their-certificate" },
      directory: { existingSecret: "their-subscribers" },
      edge: { service: { type: "NodePort" }, udp: { nodePort: NODE_PORT } },
    });
    assert.doesNotMatch(
      await release.kubectl("get", "statefulsets,secrets,jobs", "-o", "name"),
      /sipmesh-(nats|made|ca|tls)/,
    );
  });

  it("a phone outside registers and is called by another, through the port of a node", async () => {
    const at = (await release.pods("edge")).find(({ ready }) => ready)?.node;
    const node = (await nodes()).find(({ name }) => name === at);
    assert.ok(node !== undefined);
    await release.tells(node.address, "udp", "some");
    await callFromOutside(`${node.address}:${NODE_PORT}`);
  });
});

function secret(name: string, stringData: Readonly<Record<string, string>>): object {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData };
}

/** One server with JetStream, TLS and a token, as someone else may run it. */
function natsOfTheirs(token: string): readonly object[] {
  const labels = { app: "their-nats" };
  const { registry, repository, tag, pullPolicy } = IMAGES.nats.image;
  const files = ["--tls", "--tlscert=/tls/tls.crt", "--tlskey=/tls/tls.key"];
  const container = {
    name: "nats",
    image: `${registry}/${repository}:${tag}`,
    imagePullPolicy: pullPolicy,
    args: ["-js", "-sd", "/data", "--auth", token, ...files],
    volumeMounts: [
      { name: "data", mountPath: "/data" },
      { name: "tls", mountPath: "/tls" },
    ],
  };
  const volumes = [
    { name: "data", emptyDir: {} },
    { name: "tls", secret: { secretName: "their-nats-certificate" } },
  ];
  const metadata = { name: "their-nats", labels };
  const spec = { containers: [container], volumes };
  return [
    { apiVersion: "v1", kind: "Service", metadata, spec: { selector: labels, ports: [{ name: "nats", port: 4222 }] } },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
  ];
}
