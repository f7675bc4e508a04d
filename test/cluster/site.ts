import { HealthChecks } from "./health-checks.ts";
import { IMAGES, putImages } from "./images.ts";
import { Release } from "./release.ts";
import { able } from "./surroundings.ts";

/** Seconds that a target may ring: a test waits for it. */
export const RING = 15;

/** The platform's own configuration: users whom anybody may call. */
export const CONFIG = {
  directory: {
    domains: [{ name: "sipmesh.test", ownAddresses: true, authenticate: false, openToStrangers: true, anyUser: true }],
  },
  routing: { ringTime: RING },
  // A node that starts takes the processors from all others, where they are one machine: this is not about overload.
  edge: { overload: { delay: 3000 } },
};

/** What the tests of faults install: three NATS servers, and Jaeger. */
const VALUES = {
  ...IMAGES,
  nats: { ...IMAGES.nats, replicas: 3 },
  jaeger: { ...IMAGES.jaeger, enabled: true },
  config: CONFIG,
};

/** A platform on the cluster, and the way to it from outside. */
export interface Site {
  readonly release: Release;
  /** What it was installed with. */
  readonly values: object;
  /** Where phones outside send to, `address:port`; undefined where each node has an edge of its own. */
  readonly remote: string | undefined;
  /** The same for TCP, whose Service has an address of its own. */
  readonly remoteOverTcp: string | undefined;
  readonly balancer: HealthChecks | undefined;
  /** Ends what the test process does for it; the release stays. */
  close(): Promise<void>;
}

/**
 * A release whose edges are behind a load balancer, which is played here; one that is there already is upgraded. `flags`
 * are Helm's.
 */
export async function balancedSite(namespace: string, over: object = {}, flags: readonly string[] = []): Promise<Site> {
  const release = new Release(namespace);
  const values = { ...VALUES, ...over };
  await putImages();
  await release.install(values, { flags });
  const { udp, tcp } = await addresses(release);
  await release.tells(udp, "udp");
  await release.tells(tcp, "tcp");
  const balancer = await HealthChecks.start(release);
  const [remote, remoteOverTcp] = [`${udp}:5060`, `${tcp}:5060`];
  return { release, values, remote, remoteOverTcp, balancer, close: () => balancer.stop() };
}

/** A release with an edge on each node's own address. `edge` goes over the edges' values. */
export async function siteOnNodes(namespace: string): Promise<Site> {
  const release = new Release(namespace);
  const values = { ...VALUES, edge: { network: "hostNetwork" } };
  await putImages();
  await release.install(values);
  return { release, values, remote: undefined, remoteOverTcp: undefined, balancer: undefined, close: async () => {} };
}

/** The release that the tests of one run share; whoever runs them removes it in the end. */
export async function sharedSite(): Promise<Site> {
  return await balancedSite(process.env.SIPMESH_TEST_NAMESPACE ?? "sipmesh-faults");
}

async function addresses(release: Release): Promise<{ udp: string; tcp: string }> {
  const lead = async (service: string) => (await able("loadBalancer", [release.namespace, service], 30_000)).trim();
  return { udp: await lead("sipmesh-sip-udp"), tcp: await lead("sipmesh-sip-tcp") };
}
