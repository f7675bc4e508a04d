import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { settled, VirtualClock } from "@sipmesh/environment/testing";
import { type Context, decodeNode, decodeService, nodeKey, PLACES, serviceKey } from "@sipmesh/runtime";
import { memoryStore, type Store, StoreAway } from "@sipmesh/store";
import { silentTelemetry } from "@sipmesh/telemetry";
import { startController } from "./controller.ts";
import type { KubernetesService, Node } from "./kubernetes.ts";
import { MemoryKubernetes } from "./testing/memory-kubernetes.ts";

const node = (name: string, addresses: Readonly<Record<string, string>>, unschedulable = false): Node => ({
  metadata: { name },
  spec: { unschedulable },
  status: { addresses: Object.entries(addresses).map(([type, address]) => ({ type, address })) },
});
const service = (name: string, ...ingress: object[]): KubernetesService => ({
  metadata: { name },
  spec: { type: "LoadBalancer", ports: [{ port: 5060, nodePort: 31_000, protocol: "UDP" }] },
  status: { loadBalancer: { ingress } },
});

/** Members of a platform that share a store and a cluster. */
function stage() {
  const clock = new VirtualClock();
  const kept = memoryStore();
  const kubernetes = new MemoryKubernetes();
  const there: string[] = [];
  const listeners = new Set<() => void>();
  const state = { away: false };
  const store = {
    bucket: (name: string) => (state.away ? Promise.reject(new StoreAway(name)) : kept.bucket(name)),
  } as Store;
  const become = (...ids: string[]) => {
    there.splice(0, there.length, ...ids);
    for (const run of listeners) run();
  };
  const start = (id: string) => {
    const telemetry = silentTelemetry();
    const cluster = {
      self: { id },
      instances: () => there.map((one) => ({ id: one })),
      onChange(run: () => void) {
        listeners.add(run);
        return { close: () => void listeners.delete(run) };
      },
    };
    const controller = startController({ clock, cluster, store, telemetry } as unknown as Context, kubernetes);
    return { controller, written: () => telemetry.metrics.value("sipmesh_controller_written_total") };
  };
  const published = async () => {
    const all = new Map<string, Uint8Array>();
    for await (const { key, value } of (await kept.bucket(PLACES)).entries()) all.set(key, value);
    return all;
  };
  /** Until everything has followed that follows at once. */
  const settle = async () => {
    for (let i = 0; i < 20; i += 1) await settled();
  };
  return { clock, kubernetes, become, start, published, settle, state };
}

describe("the controller", () => {
  it("publishes where nodes and Services are reached, as that changes, and takes away what is gone", async () => {
    const { kubernetes, become, start, published, settle } = stage();
    become("controller-a");
    kubernetes.set(
      [node("n1", { InternalIP: "10.0.0.1", ExternalIP: "203.0.113.1", Hostname: "n1" })],
      [service("sip"), service("other", { ip: "203.0.113.8" })],
    );
    const { controller } = start("controller-a");
    assert.equal(controller.ready().ok, false);
    await settle();
    assert.equal(controller.ready().ok, true);
    let all = await published();
    const place = { external: ["203.0.113.1"], internal: ["10.0.0.1"], unschedulable: false };
    assert.deepEqual(decodeNode(all.get(nodeKey("n1")) as Uint8Array), place);
    assert.deepEqual(decodeService(all.get(serviceKey("sip")) as Uint8Array), {
      type: "LoadBalancer",
      addresses: [],
      ports: [{ transport: "udp", port: 5060, nodePort: 31_000 }],
    });

    kubernetes.set(
      [node("n1", { InternalIP: "10.0.0.1" }, true)],
      [service("sip", { hostname: "lb" }, { ip: "203.0.113.9" })],
    );
    await settle();
    all = await published();
    assert.equal(decodeNode(all.get(nodeKey("n1")) as Uint8Array).unschedulable, true);
    assert.deepEqual(decodeService(all.get(serviceKey("sip")) as Uint8Array).addresses, ["203.0.113.9"]);
    assert.deepEqual([...all.keys()].sort(), [nodeKey("n1"), serviceKey("sip")]);
    await controller.stop();
    assert.equal((await published()).size, 2, "what it said holds while it is away");
  });

  it("one of several writes; the next does when that one is gone", async () => {
    const { kubernetes, become, start, published, settle } = stage();
    become("controller-a", "controller-b");
    kubernetes.set([node("n1", { InternalIP: "10.0.0.1" })], []);
    const a = start("controller-a");
    const b = start("controller-b");
    await settle();
    assert.deepEqual([a.written(), b.written()], [1, 0]);
    await a.controller.stop();
    kubernetes.set([node("n2", { InternalIP: "10.0.0.2" })], []);
    await settle();
    assert.deepEqual([...(await published()).keys()], [nodeKey("n1")]);
    become("controller-b");
    await settle();
    assert.deepEqual([...(await published()).keys()], [nodeKey("n2")]);
    assert.equal(b.written(), 2);
    await b.controller.stop();
  });

  it("tries on while the store is away, and mends what somebody else has changed", async () => {
    const { clock, kubernetes, become, start, published, settle, state } = stage();
    become("controller-a");
    state.away = true;
    kubernetes.set([node("n1", { InternalIP: "10.0.0.1" })], []);
    const { controller } = start("controller-a");
    await settle();
    assert.equal((await published()).size, 0);
    assert.equal(controller.ready().ok, true, "a store that is away is no reason to withdraw");
    state.away = false;
    await clock.pass(1000);
    await settle();
    assert.equal((await published()).size, 1);
    await controller.stop();
    assert.equal(clock.timers, 0);
  });
});
