import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { until, VirtualClock } from "@sipmesh/environment/testing";
import type { Credentials } from "./certificates.ts";
import type { FrontProxy } from "./front-proxy.ts";
import { Keeper } from "./keeper.ts";
import { ClientAuthority } from "./testing/front-proxy-authority.ts";
import { MemoryKubernetes } from "./testing/memory-kubernetes.ts";

const DAY = 86_400_000;
const authority = await ClientAuthority.make("front-proxy-ca");

/** A member that keeps what is in the cluster as it should be. */
function member(kubernetes: MemoryKubernetes, clock: VirtualClock, { service = "sipmesh-autoscaler", days = 30 } = {}) {
  const shown: Credentials[] = [];
  const trusts: FrontProxy[] = [];
  const errors: Error[] = [];
  const keeper = new Keeper({
    kubernetes,
    clock,
    namespace: "phones",
    service,
    servicePort: 443,
    secret: "certificate",
    clusterRole: "phones-sipmesh-autoscaler",
    lifetimes: { lifetime: days * DAY, authorityLifetime: 365 * DAY },
    changed: async (credentials, proxy) => {
      shown.push(credentials);
      trusts.push(proxy);
    },
    failed: (error) => errors.push(error as Error),
  });
  after(() => keeper.stop());
  return { keeper, shown, trusts, errors };
}

/** Lets the next looks happen, and waits until they are over. */
async function look(clock: VirtualClock, milliseconds = 30_000): Promise<void> {
  const end = clock.elapsed + milliseconds;
  while ((clock.next ?? end + 1) <= end) {
    const before = clock.timers;
    clock.step();
    await until(() => clock.timers >= before);
  }
  clock.advanceTo(end);
}

describe("Certificate, trust and APIService", () => {
  it("are made where there are none; two members that start together show the same", async () => {
    const [kubernetes, clock] = [new MemoryKubernetes(authority.certificate), new VirtualClock()];
    const members = [member(kubernetes, clock), member(kubernetes, clock)];
    await until(() => members.every(({ keeper }) => keeper.problem === ""));
    assert.deepEqual(members[0]?.shown, members[1]?.shown);
    const { service, port, authorities, owners } = kubernetes.registered ?? assert.fail("no APIService");
    assert.deepEqual(
      { service, port, owners, authorities },
      {
        service: "phones/sipmesh-autoscaler",
        port: 443,
        owners: ["uid-of-phones-sipmesh-autoscaler"],
        authorities: members[0]?.shown[0]?.trusted,
      },
    );
    assert.deepEqual(members[0]?.trusts[0]?.names, ["front-proxy-client"]);
    const { writes } = kubernetes;
    await look(clock, 300_000);
    assert.equal(kubernetes.writes, writes, "what is right is written again");
  });

  it("are renewed without a restart: one member writes, the other takes it over", async () => {
    const [kubernetes, clock] = [new MemoryKubernetes(authority.certificate), new VirtualClock()];
    const members = [member(kubernetes, clock), member(kubernetes, clock)];
    await until(() => members.every(({ keeper }) => keeper.problem === ""));
    clock.advanceTo(clock.elapsed + 21 * DAY);
    await look(clock);
    await until(() => members.every(({ shown }) => shown.length === 2));
    assert.deepEqual(members[0]?.shown[1], members[1]?.shown[1]);
    assert.notEqual(members[0]?.shown[1]?.shown.certificate, members[0]?.shown[0]?.shown.certificate);
  });

  it("a new authority is with the API server before anything that it signed is shown", async () => {
    const [kubernetes, clock] = [new MemoryKubernetes(authority.certificate), new VirtualClock()];
    const { keeper, shown } = member(kubernetes, clock, { days: 365 });
    await until(() => keeper.problem === "");
    const first = shown[0] ?? assert.fail();
    clock.advanceTo(clock.elapsed + 244 * DAY);
    await look(clock, 29_000);
    const between = shown.at(-1) ?? assert.fail();
    assert.notEqual(between.authority.certificate, first.authority.certificate);
    assert.equal(between.shown.certificate, first.shown.certificate);
    await until(() => kubernetes.registered?.authorities === between.trusted);
    await look(clock);
    await until(() => shown.at(-1)?.shown.certificate !== first.shown.certificate);
    assert.equal(shown.at(-1)?.trusted, between.trusted);
  });

  it("a new authority of the aggregator is trusted without a restart", async () => {
    const [kubernetes, clock] = [new MemoryKubernetes(authority.certificate), new VirtualClock()];
    const { keeper, trusts } = member(kubernetes, clock);
    await until(() => keeper.problem === "");
    const other = await ClientAuthority.make("front-proxy-ca-2");
    kubernetes.frontProxyData = { ...kubernetes.frontProxyData, "requestheader-client-ca-file": other.certificate };
    await look(clock);
    await until(() => trusts.at(-1)?.authority === other.certificate);
  });

  it("an API that somebody else serves is left alone, and taken when it is free", async () => {
    const [kubernetes, clock] = [new MemoryKubernetes(authority.certificate), new VirtualClock()];
    const theirs = {
      service: "keda/keda-operator-metrics-apiserver",
      port: 443,
      authorities: "x",
      owners: [],
      version: "7",
    };
    kubernetes.registered = { ...theirs, of: {} as never };
    const { keeper, errors } = member(kubernetes, clock);
    await until(() => errors.length > 0);
    assert.match(keeper.problem, /served by keda\/keda-operator-metrics-apiserver in this cluster/);
    await look(clock);
    assert.equal(kubernetes.registered.version, "7");
    assert.equal(kubernetes.writes, 0);
    kubernetes.registered = undefined;
    await look(clock, 10_000);
    await until(() => keeper.problem === "");
  });

  it("two releases that start together: one gets the API, the other says who has it", async () => {
    const [kubernetes, clock] = [new MemoryKubernetes(authority.certificate), new VirtualClock()];
    const both = [
      member(kubernetes, clock, { service: "one-autoscaler" }),
      member(kubernetes, clock, { service: "two-autoscaler" }),
    ];
    await until(() => both.some(({ keeper }) => keeper.problem === "") && both.some(({ errors }) => errors.length > 0));
    const loser = both.find(({ keeper }) => keeper.problem !== "");
    assert.match(loser?.keeper.problem ?? "", /is served by phones\/(one|two)-autoscaler in this cluster/);
  });

  it("a Secret that was taken away is missed", async () => {
    const [kubernetes, clock] = [new MemoryKubernetes(authority.certificate), new VirtualClock()];
    kubernetes.secrets.clear();
    const { keeper, errors } = member(kubernetes, clock);
    await until(() => errors.length > 0);
    assert.match(keeper.problem, /the Secret certificate is not there; helm upgrade makes it/);
  });

  it("an API server that is away is asked again; what was known stays in use", async () => {
    const [kubernetes, clock] = [new MemoryKubernetes(authority.certificate), new VirtualClock()];
    const { keeper, shown, errors } = member(kubernetes, clock);
    await until(() => keeper.problem === "");
    kubernetes.away = new Error("no route to host");
    await look(clock);
    await until(() => errors.length > 0);
    assert.equal(keeper.problem, "");
    assert.equal(shown.length, 1);
    clock.advanceTo(clock.elapsed + 31 * DAY);
    await look(clock, 5000);
    await until(() => keeper.problem === "no route to host");
    kubernetes.away = undefined;
    await look(clock, 5000);
    await until(() => keeper.problem === "");
    assert.equal(shown.length, 2);
  });

  it("an API that somebody else took is noticed", async () => {
    const [kubernetes, clock] = [new MemoryKubernetes(authority.certificate), new VirtualClock()];
    const { keeper } = member(kubernetes, clock);
    await until(() => keeper.problem === "");
    const { registered } = kubernetes;
    assert.ok(registered);
    kubernetes.registered = { ...registered, service: "keda/keda-operator-metrics-apiserver", version: "x" };
    await look(clock);
    await until(() => keeper.problem.includes("served by keda/"));
  });
});
