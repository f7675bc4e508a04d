import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { memoryBus } from "@sipmesh/bus";
import { until, VirtualClock } from "@sipmesh/environment/testing";
import { type Context, encodeReport, LOAD_SUBJECT, type Load } from "@sipmesh/runtime";
import { silentTelemetry } from "@sipmesh/telemetry";
import { startAutoscaler } from "./autoscaler.ts";
import { schema } from "./config.ts";
import { MemoryKubernetes } from "./testing/memory-kubernetes.ts";
import type { Volume } from "./volume.ts";

/** The autoscaler beside instances that tell their load each second, unless they are silent. */
function start(config: object = {}) {
  const [clock, bus, telemetry] = [new VirtualClock(), memoryBus(), silentTelemetry()];
  const there = new Map<string, { readonly target: string; readonly load: () => Load; silent: boolean }>();
  const instances = (target: string) =>
    [...there]
      .filter(([, one]) => one.target === target)
      .map(([id]) => ({ id, node: "n", targets: [target], members: [] }));
  const self = { id: "autoscaler-1", node: "n", targets: ["autoscaler"], members: [] };
  const context = { clock, bus, telemetry, cluster: { self, instances } } as unknown as Context;
  const kubernetes = new MemoryKubernetes("");
  const parsed = schema.parse({ namespace: "phones", serve: false, podSelector: "a=b", ...config });
  const service = startAutoscaler(context, parsed, () => kubernetes);
  after(() => service.stop());

  const tell = () => {
    for (const [instance, { target, load, silent }] of there) {
      const delay = { mean: 1, longest: 5 };
      const report = {
        instance,
        pod: `pod-${instance}`,
        node: "n",
        at: clock.now(),
        delay,
        targets: { [target]: load() },
      };
      if (!silent) bus.signal(LOAD_SUBJECT, encodeReport(report));
    }
  };
  /** Lets seconds pass. */
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      const end = clock.elapsed + 1000;
      while ((clock.next ?? end + 1) <= end) {
        clock.step();
        await new Promise((resolve) => setImmediate(resolve));
      }
      clock.advanceTo(end);
      tell();
    }
  };
  const volume = () => (service.state() as { volume: Record<string, Volume> }).volume;
  return { service, there, pass, volume, kubernetes, clock, telemetry };
}

/** Calls that begin at a steady rate. */
function member(clock: VirtualClock, rate: number, inProgress = 0) {
  const load = () => ({ work: "calls", begun: Math.floor((clock.elapsed / 1000) * rate), inProgress }) as const;
  return { target: "transaction", load, silent: false };
}

describe("The autoscaler", () => {
  it("listens before it says anything, and then knows what all together have to do", async () => {
    const { service, there, pass, volume, clock } = start();
    there.set("t1", member(clock, 10, 3)).set("t2", member(clock, 30, 4));
    await pass(4);
    assert.deepEqual(service.ready(), { ok: false, reason: "listening for who is there" });
    assert.equal(volume().transaction?.known, false);
    await pass(12);
    assert.deepEqual(service.ready(), { ok: true });
    const told = volume().transaction;
    assert.ok(told?.known);
    assert.ok(Math.abs(told.perSecond - 40) < 1, String(told.perSecond));
    assert.equal(told.inProgress, 7);
  });

  it("does not know any more when one falls silent, and knows again when that one is gone", async () => {
    const { there, pass, volume, clock, telemetry } = start();
    const silent = member(clock, 30);
    there.set("t1", member(clock, 10)).set("t2", silent);
    await pass(15);
    silent.silent = true;
    await pass(14);
    assert.equal(volume().transaction?.known, true);
    await pass(3);
    const told = volume().transaction;
    assert.ok(told?.known === false);
    assert.match(told.reason, /t2 has not told its load for 1[67] s/);
    assert.equal(telemetry.metrics.value("sipmesh_autoscaler_targets_unknown"), 1);
    there.delete("t2");
    await pass(1);
    assert.ok(volume().transaction?.known);
  });

  it("a pod that comes is counted as soon as its rate is known, and makes nothing unknown before", async () => {
    const { there, pass, volume, clock } = start();
    there.set("t1", member(clock, 10));
    await pass(10);
    there.set("t2", member(clock, 10));
    for (let second = 0; second < 5; second++) {
      await pass(1);
      assert.ok(volume().transaction?.known, `after ${second + 1} s`);
    }
    const told = volume().transaction;
    assert.ok(told?.known);
    assert.equal(told.instances.length, 2);
  });

  it("ranks the pods, so that those with fewer calls in progress go first", async () => {
    const { there, pass, clock, kubernetes } = start();
    kubernetes.deletionCosts.set("pod-t1", undefined).set("pod-t2", undefined);
    there.set("t1", member(clock, 10, 200)).set("t2", member(clock, 10, 2));
    await pass(31);
    await until(() => kubernetes.deletionCosts.get("pod-t2") !== undefined);
    const cost = (pod: string) => Number(kubernetes.deletionCosts.get(pod));
    assert.ok(cost("pod-t1") > cost("pod-t2"));
  });

  it("does not start where it is not told for whom", () => {
    assert.throws(() => start({ namespace: undefined }), /autoscaler\.namespace must be set/);
    assert.throws(
      () => start({ serve: true, service: "s", secret: "c" }),
      /autoscaler\.clusterRole must be set where autoscaler\.serve is on/,
    );
  });
});
