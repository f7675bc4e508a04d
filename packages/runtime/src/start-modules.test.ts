import assert from "node:assert/strict";
import { after, test } from "node:test";
import { memoryBus } from "@sipmesh/bus";
import { systemClock, systemEventLoop, systemRandom } from "@sipmesh/environment";
import { until, VirtualClock } from "@sipmesh/environment/testing";
import { directRpc } from "@sipmesh/rpc";
import { memoryStore } from "@sipmesh/store";
import { silentTelemetry } from "@sipmesh/telemetry";
import { systemNetwork } from "@sipmesh/transport";
import type { Context } from "./context.ts";
import { decodeReport, LOAD_SUBJECT, type Load, type LoadReport } from "./load/load.ts";
import type { Module, Readiness } from "./module.ts";
import { startModules, startOrder } from "./start-modules.ts";

const values = { of: () => ({}) as never };

/** A context whose cluster only writes down what is announced. */
function context(story: string[]): Context {
  const clock = systemClock(() => {});
  after(() => clock.close());
  return {
    clock,
    eventLoop: systemEventLoop(),
    random: systemRandom(),
    network: systemNetwork(),
    bus: memoryBus(),
    store: memoryStore(),
    rpc: directRpc({ clock, instance: "test-1" }),
    cluster: {
      self: { id: "test-1", node: "n", targets: [], members: [] },
      membership: { number: 0, members: [] },
      state: "settled",
      doubtful: false,
      complete: true,
      instances: () => [],
      ownerOf: () => undefined,
      successorOf: () => undefined,
      formerOwnersOf: () => [],
      formerSuccessorsOf: () => [],
      isGone: () => false,
      onChange: () => ({ close() {} }),
      announce: ({ targets, leaving }) =>
        void story.push(leaving === true ? "announce that it leaves" : `announce ${targets?.join("+")}`),
      leave: async () => {},
      stop() {},
    },
    sealer: {
      seal: () => "",
      open: () => undefined,
      mark: () => "",
      traceId: () => "",
    },
    telemetry: silentTelemetry(),
    instance: "test-1",
  };
}

function module(name: string, needs: string[], story: string[], parts: Partial<Parts> = {}): Module {
  return {
    name,
    needs,
    section: { name, schema: {} as never },
    catalogue: {},
    async start() {
      story.push(`start ${name}`);
      await parts.start?.();
      return {
        ready: () => parts.ready?.() ?? { ok: true },
        state: () => ({ of: name }),
        ...(parts.linger && { linger: parts.linger }),
        ...(parts.load !== undefined && { load: parts.load }),
        async leave() {
          story.push(`leave ${name}`);
          await parts.leave?.();
        },
        async stop() {
          story.push(`stop ${name}`);
        },
      };
    },
  };
}

interface Parts {
  start(): Promise<void>;
  ready(): Readiness;
  linger(within: number): Promise<void>;
  leave(): Promise<void>;
  load(): Load;
}

test("modules start after what they need; all leave before any stops, the last started first", async () => {
  const story: string[] = [];
  const running = await startModules(
    [module("edge", ["transaction"], story), module("location", [], story), module("transaction", ["location"], story)],
    context(story),
    values,
  );
  assert.deepEqual(running.state(), {
    location: { of: "location" },
    transaction: { of: "transaction" },
    edge: { of: "edge" },
  });
  await running.stop();
  await running.stop();
  assert.deepEqual(story, [
    "start location",
    "announce location",
    "start transaction",
    "announce location+transaction",
    "start edge",
    "announce location+transaction+edge",
    "announce that it leaves",
    "announce ",
    "leave edge",
    "leave transaction",
    "leave location",
    "stop edge",
    "stop transaction",
    "stop location",
  ]);
});

test("a module that cannot start stops the others and tells why", async () => {
  const story: string[] = [];
  const broken = module("edge", ["location"], story, { start: () => Promise.reject(new Error("port 5060 is taken")) });
  await assert.rejects(
    startModules([broken, module("location", [], story)], context(story), values),
    /port 5060 is taken/,
  );
  assert.deepEqual(story.slice(-2), ["leave location", "stop location"]);
});

test("ready where all are; not any more once stopping", async () => {
  const story: string[] = [];
  let readiness: Readiness = { ok: false, reason: "no listener" };
  const running = await startModules(
    [module("edge", [], story, { ready: () => readiness }), module("location", [], story)],
    context(story),
    values,
  );
  assert.deepEqual(running.ready(), { ok: false, reason: "edge: no listener" });
  readiness = { ok: true };
  assert.deepEqual(running.ready(), { ok: true });
  const stopped = running.stop();
  assert.deepEqual(running.ready(), { ok: false, reason: "leaving" });
  await stopped;
});

test("the cluster is told of a service once it is ready, and at once of one that must be found to become so", async () => {
  const story: string[] = [];
  let readiness: Readiness = { ok: false, reason: "the domains are not known yet" };
  const routing = module("routing", [], story, { ready: () => readiness });
  const edge = { ...module("edge", ["routing"], story, { ready: () => readiness }), foundBeforeReady: true } as const;
  const running = await startModules([routing, edge], context(story), values);
  assert.deepEqual(story, ["start routing", "start edge", "announce edge"]);
  readiness = { ok: true };
  await until(() => story.at(-1) === "announce edge+routing", 2000);
  // What is away later is for metrics and alerts, not a reason to withdraw.
  readiness = { ok: false, reason: "the directory is away" };
  await running.stop();
  assert.deepEqual(story.slice(3), [
    "announce edge+routing",
    "announce that it leaves",
    "announce ",
    "leave edge",
    "leave routing",
    "stop edge",
    "stop routing",
  ]);
});

test("a service that fails to leave keeps no other from stopping", async () => {
  const story: string[] = [];
  const running = await startModules(
    [module("edge", [], story, { leave: () => Promise.reject(new Error("broken")) }), module("location", [], story)],
    context(story),
    values,
  );
  await running.stop();
  assert.ok(story.includes("stop edge") && story.includes("stop location"));
});

test("what can only be ended is gone on with, seen by all and not ready, before anything leaves", async () => {
  const story: string[] = [];
  const over = Promise.withResolvers<void>();
  const linger = (within: number) => {
    story.push(`linger ${within}`);
    return over.promise;
  };
  const running = await startModules([module("media", [], story, { linger })], context(story), values);
  const stopped = running.stop(60_000);
  assert.deepEqual(running.ready(), { ok: false, reason: "leaving" });
  assert.deepEqual(story.slice(2), ["announce that it leaves", "linger 60000"]);
  over.resolve();
  await stopped;
  assert.deepEqual(story.slice(2), [
    "announce that it leaves",
    "linger 60000",
    "announce ",
    "leave media",
    "stop media",
  ]);
});

test("nobody lingers where there is no time for it", async () => {
  const story: string[] = [];
  const linger = () => new Promise<void>(() => {});
  const running = await startModules([module("media", [], story, { linger })], context(story), values);
  await running.stop();
  assert.deepEqual(story.slice(2), ["announce that it leaves", "announce ", "leave media", "stop media"]);
});

test("what services have to do is told, service by service, until they stop", async () => {
  const clock = new VirtualClock();
  const parts = { ...context([]), clock, pod: "sipmesh-edge-abc" };
  const told: LoadReport[] = [];
  parts.bus.listen(LOAD_SUBJECT, (payload) => void told.push(decodeReport(payload)));
  const load = () => ({ work: "messages", begun: 3 }) as const;
  const running = await startModules([module("edge", [], [], { load }), module("location", [], [])], parts, values);
  while (told.length === 0) clock.step();
  const { instance, pod, node, targets } = told[0] as LoadReport;
  assert.deepEqual(
    { instance, pod, node, targets },
    { instance: "test-1", pod: "sipmesh-edge-abc", node: "n", targets: { edge: load() } },
  );
  await running.stop();
  assert.equal(clock.timers, 0);
});

test("modules that need one another in a circle are refused", () => {
  const circle = [
    { name: "a", needs: ["b"] },
    { name: "b", needs: ["a"] },
  ];
  assert.throws(() => startOrder(circle), /a → b → a/);
});
