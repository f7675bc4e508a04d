import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { missing, Nats } from "@sipmesh/drivers";
import { until } from "@sipmesh/environment/testing";
import { LocationService } from "@sipmesh/proto/location";
import { silentTelemetry } from "@sipmesh/telemetry";
import { type RunningContext, realContext } from "./real-context.ts";

const directory = mkdtempSync(join(tmpdir(), "sipmesh-runtime-"));
after(() => rmSync(directory, { recursive: true, force: true }));

const alone = { name: "all", node: "n1" };
const skip = missing("nats-server");

test("a process that stands alone is settled at once and owns every call", async () => {
  const running = await realContext({ ...alone, telemetry: silentTelemetry(), dataDirectory: join(directory, "a") });
  const { cluster } = running.context;
  cluster.announce({ targets: ["transaction"], members: ["m1", "m2"] });
  await until(() => running.ready().ok && cluster.membership.members.length === 2, 1000);
  assert.ok(["m1", "m2"].includes(cluster.ownerOf("call-1")?.id ?? ""));
  assert.equal(cluster.instances("transaction")[0]?.id, cluster.self.id);
  await running.stop();
});

test("keys and values on disk outlive a restart: old tokens open, trace ids stay", async () => {
  const settings = { ...alone, telemetry: silentTelemetry(), dataDirectory: join(directory, "b") };
  const first = await realContext(settings);
  const token = first.context.sealer.seal(Buffer.from("flow"), "call-1");
  const trace = first.context.sealer.traceId("call-1");
  await (await first.context.store.bucket("bindings")).put("alice", Buffer.from("1"));
  await first.stop();
  const second = await realContext(settings);
  assert.notEqual(second.context.instance, first.context.instance);
  assert.equal(Buffer.from(second.context.sealer.open(token, "call-1") ?? []).toString(), "flow");
  assert.equal(second.context.sealer.traceId("call-1"), trace);
  assert.ok(await (await second.context.store.bucket("bindings")).get("alice"));
  await second.stop();
});

test("processes over NATS find, call and lose each other", { skip, timeout: 60_000 }, async () => {
  const server = await Nats.start();
  const nats = { servers: [server.url] };
  const rpc = { address: "127.0.0.1", port: 0 };
  const make = (name: string, node: string): Promise<RunningContext> =>
    realContext({ name, node, telemetry: silentTelemetry(), nats, rpc });
  const [edge, one, other] = await Promise.all([make("edge", "n1"), make("transaction", "n1"), make("location", "n2")]);
  try {
    one.context.cluster.announce({ targets: ["transaction"], members: ["m1"] });
    other.context.cluster.announce({ targets: ["transaction", "location"], members: ["m2"] });
    const all = [edge, one, other].map(({ context }) => context.cluster);
    await until(() => all.every(({ membership }) => membership.members.length === 2), 3000);
    assert.equal(new Set(all.map(({ membership }) => JSON.stringify(membership))).size, 1);
    for (let call = 0; call < 50; call++) {
      assert.equal(new Set(all.map((cluster) => cluster.ownerOf(`call-${call}`)?.id)).size, 1);
    }
    assert.equal(
      edge.context.sealer.seal(Buffer.from("x"), "call"),
      other.context.sealer.seal(Buffer.from("x"), "call"),
    );

    other.context.rpc.serve(LocationService, {
      lookup: () => ({ bindings: [] }),
      register: () => ({ status: 200, reason: "OK", headerFields: [], keepAlive: 0 }),
    });
    const location = edge.context.rpc.client("location", LocationService);
    assert.deepEqual(await location.lookup({ addressOfRecord: "alice@example.com" }, { deadline: 2000 }), {
      bindings: [],
    });

    // NATS dies and comes back: nobody is taken for dead meanwhile.
    const numbered = one.context.cluster.membership.number;
    await server.kill();
    await until(() => all.every(({ state }) => state === "frozen"), 3000);
    assert.equal(edge.context.bus.state, "away");
    await new Promise((resolve) => setTimeout(resolve, 3500));
    assert.ok(all.every(({ membership }) => membership.members.length === 2));
    await server.resume();
    await until(() => all.every(({ state }) => state === "settled"), 10_000);
    assert.ok(one.context.cluster.membership.number >= numbered);

    // One says goodbye, and is gone at once.
    await one.stop();
    await until(() => edge.context.cluster.membership.members.length === 1, 1000);
    // One dies without a word: noticed within 3 s.
    other.context.cluster.stop();
    await until(() => edge.context.cluster.membership.members.length === 0, 3500);
    assert.equal(edge.context.cluster.ownerOf("call"), undefined);
  } finally {
    await Promise.all([edge.stop(), one.stop(), other.stop()]);
    await server.stop();
  }
});
