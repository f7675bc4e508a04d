import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { missing } from "@sipmesh/drivers";
import { parseAllDocuments } from "yaml";
import { render } from "./helm.ts";

const HERE = new URL(".", import.meta.url).pathname;

interface Peer {
  readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly ipBlock?: { readonly cidr: string };
  readonly namespaceSelector?: object;
}

interface Port {
  readonly port: string | number;
  readonly endPort?: number;
  readonly protocol: string;
}

interface Policy {
  readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly policyTypes: readonly string[];
  readonly ingress: readonly { readonly from?: readonly Peer[]; readonly ports: readonly Port[] }[];
}

interface Rendered {
  readonly kind: string;
  readonly spec: Policy & {
    readonly template?: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly hostNetwork?: boolean;
        readonly containers: readonly { readonly ports?: readonly { readonly name: string }[] }[];
      };
    };
  };
}

const COMPONENT = "app.kubernetes.io/component";
const RELEASE = { "app.kubernetes.io/name": "sipmesh", "app.kubernetes.io/instance": "sipmesh" };

/** Who must reach whom, and where. The rest of the pairs is to be kept apart. */
const NEEDED = [
  ["transaction", "routing", "rpc"],
  ["transaction", "location", "rpc"],
  ["transaction", "media", "rpc"],
  ["routing", "location", "rpc"],
  ["routing", "directory", "rpc"],
  ["directory", "directory", "rpc"],
  ...["edge", "transaction", "location", "routing", "directory", "media", "secrets", "controller"].map((from) => [
    from,
    "nats",
    "nats",
  ]),
  ["nats", "nats", "cluster"],
  ...["edge", "transaction", "location", "routing", "directory", "media"].map((from) => [from, "jaeger", "otlp"]),
].map((one) => one.join(" "));

describe("NetworkPolicies", { skip: missing("helm") }, () => {
  const all = parseAllDocuments(
    render("-f", `${HERE}values/guarded.yaml`, "--set", "edge.network=service").text,
  ).flatMap((document) => (document.toJS() as Rendered | null) ?? []);
  const policies = all.filter(({ kind }) => kind === "NetworkPolicy").map(({ spec }) => spec);
  const pods = all.flatMap(({ spec }) => spec?.template ?? []);
  const componentOf = ({ podSelector }: Policy | Required<Pick<Peer, "podSelector">>) =>
    podSelector.matchLabels[COMPONENT] ?? "";

  it("let in whom the platform needs, of this release, and nobody else of it", () => {
    const allowed = policies.flatMap((policy) =>
      policy.ingress.flatMap(({ from = [], ports }) =>
        from.flatMap((peer) => {
          if (peer.podSelector === undefined || peer.podSelector.matchLabels[COMPONENT] === undefined) return [];
          const { [COMPONENT]: component, ...release } = peer.podSelector.matchLabels;
          assert.deepEqual(release, RELEASE);
          return ports.map(({ port }) => `${component} ${componentOf(policy)} ${port}`);
        }),
      ),
    );
    assert.deepEqual(allowed.sort(), [...NEEDED].sort());
  });

  it("let anybody in to SIP and RTP, and to nothing else", () => {
    const open = policies.flatMap((policy) =>
      policy.ingress
        .filter(({ from }) => from === undefined)
        .flatMap(({ ports }) =>
          ports.map(({ port, endPort }) => `${componentOf(policy)} ${port} ${endPort ?? ""}`.trim()),
        ),
    );
    assert.deepEqual(open.sort(), ["edge sip-tcp", "edge sip-udp", "media 16384 29999"]);
  });

  it("cover every pod of the pods' network, and name ports that it has", () => {
    const covered = policies.map(componentOf);
    assert.deepEqual(covered, [...new Set(covered)]);
    for (const { policyTypes } of policies) assert.deepEqual(policyTypes, ["Ingress"]);
    for (const { metadata, spec } of pods) {
      const component = metadata.labels[COMPONENT] ?? "";
      assert.ok(covered.includes(component), `${component} has no policy`);
      const named = spec.containers.flatMap(({ ports = [] }) => ports.map(({ name }) => name));
      const asked = policies
        .filter((policy) => componentOf(policy) === component)
        .flatMap(({ ingress }) => ingress.flatMap(({ ports }) => ports.map(({ port }) => port)))
        .filter((port) => typeof port === "string");
      for (const port of asked) assert.ok(named.includes(port), `${component} has no port ${port}`);
    }
  });

  it("on the host network pods have none, and come from their nodes' addresses", () => {
    const guarded = parseAllDocuments(render("-f", `${HERE}values/guarded.yaml`).text)
      .flatMap((document) => (document.toJS() as Rendered | null) ?? [])
      .filter(({ kind }) => kind === "NetworkPolicy")
      .map(({ spec }) => spec);
    assert.equal(
      guarded.some((policy) => componentOf(policy) === "edge"),
      false,
    );
    const nats = guarded.find((policy) => componentOf(policy) === "nats");
    const cidrs = nats?.ingress
      .filter(({ ports }) => ports.some(({ port }) => port === "nats"))
      .flatMap(({ from = [] }) => from.flatMap(({ ipBlock }) => ipBlock?.cidr ?? []));
    assert.deepEqual(cidrs, ["10.0.0.0/24", "2001:db8::/64"]);
  });
});
