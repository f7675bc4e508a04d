import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { credentials } from "@grpc/grpc-js";
import { systemClock } from "@sipmesh/environment";
import { until } from "@sipmesh/environment/testing";
import { DirectoryService } from "@sipmesh/proto/directory";
import { LocationClient, LocationService } from "@sipmesh/proto/location";
import { Code } from "./error.ts";
import { type GrpcRpc, grpcRpc } from "./grpc-rpc.ts";
import type { Peer } from "./peer-link.ts";
import { proxyTo } from "./testing/proxy.ts";
import { asked, handlers, REPLY, rpcContract } from "./testing/rpc-contract.ts";

const clock = systemClock((error) => {
  throw error;
});
after(() => clock.close());

let instances = 0;

function start(
  peers: () => readonly Peer[] = () => [],
  lost?: (reason: string) => void,
  port = 0,
  complete = () => true,
): Promise<GrpcRpc> {
  return grpcRpc({
    clock,
    instance: `i${instances++}`,
    listen: { address: "127.0.0.1", port },
    peers,
    complete,
    observer: {
      called() {},
      served() {},
      failed() {},
      peerLost: (_instance, reason) => lost?.(reason),
      peerUnreachable() {},
    },
  });
}

const peer = (instance: string, port: number): Peer => ({ instance, address: "127.0.0.1", port });

/** Of the directory's methods those that no test here calls. */
const UNASKED = { subscriber: unasked, challenge: unasked, authenticate: unasked };
function unasked(): never {
  throw new Error("not asked here");
}

/** Binding URI that says who answered. */
const answering = (name: string) =>
  handlers({
    lookup: () => ({ bindings: [{ uri: name, q: 0, path: [], flow: undefined, nat: false, expires: 0 }] }),
  });

rpcContract("gRPC", async () => {
  const answerer = await start();
  const caller = await start(() => [peer("a", answerer.port)]);
  return {
    caller,
    answerer,
    async close() {
      await caller.close();
      await answerer.close();
    },
  };
});

test("gRPC: what is in this process is not asked over the network", async () => {
  const far = await start();
  far.serve(LocationService, answering("far"));
  const near = await start(() => [peer("far", far.port)]);
  near.serve(LocationService, answering("near"));
  const location = near.client("location", LocationService);
  assert.equal((await location.lookup(asked, { deadline: 2000 })).bindings[0]?.uri, "near");
  const there = await location.lookup(asked, { deadline: 2000, instance: "far" });
  assert.equal(there.bindings[0]?.uri, "far");
  await near.close();
  await far.close();
});

test("gRPC: calls go round the peers; those with one key go to one of them", async () => {
  const answerers = await Promise.all(["a", "b", "c"].map(() => start()));
  const peers = answerers.map(({ port }, at) => peer(`p${at}`, port));
  for (const [at, answerer] of answerers.entries()) answerer.serve(LocationService, answering(`p${at}`));
  const caller = await start(() => peers);
  const location = caller.client("location", LocationService);
  const who = async (key?: string) => (await location.lookup(asked, { deadline: 2000, key })).bindings[0]?.uri;
  await Promise.all(peers.map(({ instance }) => location.lookup(asked, { deadline: 2000, instance })));
  assert.equal(new Set(await Promise.all(Array.from({ length: 9 }, () => who()))).size, 3);
  const byKey = new Set<string | undefined>();
  for (let at = 0; at < 20; at++) {
    const [one, other] = [await who(`key-${at}`), await who(`key-${at}`)];
    assert.equal(one, other);
    byKey.add(one);
  }
  assert.equal(byKey.size, 3);
  await assert.rejects(location.lookup(asked, { deadline: 2000, instance: "gone" }), { code: Code.Unavailable });
  await caller.close();
  await Promise.all(answerers.map((answerer) => answerer.close()));
});

test("gRPC: a peer that cannot be reached costs nothing where another is there", async () => {
  const answerer = await start();
  answerer.serve(LocationService, handlers());
  const caller = await start(() => [peer("dead", 1), peer("alive", answerer.port)]);
  const location = caller.client("location", LocationService);
  for (let at = 0; at < 10; at++) assert.deepEqual(await location.lookup(asked, { deadline: 2000 }), REPLY);
  await caller.close();
  await answerer.close();
});

test("gRPC: a silent peer is dropped within 2 s; calls that were sent end with UNAVAILABLE", async () => {
  const answerer = await start();
  answerer.serve(LocationService, handlers());
  const proxy = await proxyTo(answerer.port);
  const lost: string[] = [];
  const caller = await start(
    () => [peer("a", proxy.port)],
    (reason) => lost.push(reason),
  );
  const location = caller.client("location", LocationService);
  await location.lookup(asked, { deadline: 2000 });
  proxy.silent(true);
  const began = performance.now();
  await assert.rejects(location.lookup(asked, { deadline: 10_000 }), { code: Code.Unavailable });
  const took = performance.now() - began;
  // Far below the deadline of the call, with room for a busy machine.
  assert.ok(took < 4000, `${took} ms`);
  assert.equal(lost.length, 1);
  await until(async () => {
    try {
      return (await location.lookup(asked, { deadline: 1000 })) !== undefined;
    } catch {
      return false;
    }
  }, 5000);
  await caller.close();
  await proxy.close();
  await answerer.close();
});

test("gRPC: a connection that breaks is made anew, for ever", async () => {
  const answerer = await start();
  answerer.serve(LocationService, handlers());
  const proxy = await proxyTo(answerer.port);
  const caller = await start(() => [peer("a", proxy.port)]);
  const location = caller.client("location", LocationService);
  for (let round = 0; round < 3; round++) {
    await until(async () => {
      try {
        return (await location.lookup(asked, { deadline: 500 })) !== undefined;
      } catch (error) {
        assert.equal((error as { code: number }).code, Code.Unavailable);
        return false;
      }
    }, 5000);
    proxy.cut();
  }
  await caller.close();
  await proxy.close();
  await answerer.close();
});

test("gRPC: what was under way to a peer that dies is not tried again elsewhere", async () => {
  let entered = 0;
  const hanging = handlers({
    lookup() {
      entered += 1;
      return new Promise(() => {});
    },
  });
  const [one, other] = await Promise.all([start(), start()]);
  one.serve(LocationService, hanging);
  other.serve(LocationService, hanging);
  const [way, otherWay] = await Promise.all([proxyTo(one.port), proxyTo(other.port)]);
  const caller = await start(() => [peer("a", way.port), peer("b", otherWay.port)]);
  const location = caller.client("location", LocationService);
  const call = location.lookup(asked, { deadline: 5000 });
  await until(() => entered === 1, 2000);
  way.cut();
  otherWay.cut();
  await assert.rejects(call, { code: Code.Unavailable });
  assert.equal(entered, 1);
  await caller.close();
  await Promise.all([way.close(), otherWay.close(), one.close(), other.close()]);
});

test("gRPC: what may be done twice and was under way to a peer that dies is asked of another, within the deadline", async () => {
  let hanging = 0;
  const [dying, other] = await Promise.all([start(), start()]);
  const hang = () => {
    hanging += 1;
    return new Promise<never>(() => {});
  };
  dying.serve(LocationService, handlers({ lookup: hang }));
  other.serve(LocationService, answering("other"));
  const way = await proxyTo(dying.port);
  const caller = await start(() => [peer("a", way.port), peer("b", other.port)]);
  const location = caller.client("location", LocationService);
  await Promise.all([
    until(() => hanging === 1, 2000),
    location.lookup(asked, { deadline: 2000, instance: "b" }),
    location.lookup(asked, { deadline: 50, instance: "a" }).catch(() => {}),
  ]);
  const calls = Array.from({ length: 4 }, () => location.lookup(asked, { deadline: 5000, repeatable: true }));
  await until(() => hanging > 1, 2000);
  way.cut();
  for (const { bindings } of await Promise.all(calls)) assert.equal(bindings[0]?.uri, "other");
  await caller.close();
  await Promise.all([way.close(), dying.close(), other.close()]);
});

test("gRPC: a connection that is lost, to a peer that lives on, costs no call that may be done twice", async () => {
  const first = Promise.withResolvers<void>();
  const answerer = await start();
  answerer.serve(
    LocationService,
    handlers({
      async lookup() {
        if (!cut) await first.promise;
        return REPLY;
      },
    }),
  );
  let cut = false;
  const way = await proxyTo(answerer.port);
  const caller = await start(() => [peer("a", way.port)]);
  const location = caller.client("location", LocationService);
  const ask = (instance?: string) => location.lookup(asked, { deadline: 10_000, repeatable: true, instance });
  const underWay = [ask(), ask("a")];
  // A connection that is lost as soon as it is there is not made anew at once.
  await pause(500);
  way.cut();
  cut = true;
  const fresh = [ask(), ask("a")];
  for (const reply of await Promise.all([...underWay, ...fresh])) assert.deepEqual(reply, REPLY);
  await caller.close();
  await Promise.all([way.close(), answerer.close()]);
});

test("gRPC: who is there and cannot be reached just now is waited for, within the deadline", async () => {
  const former = await start();
  const { port } = former;
  await former.close();
  const caller = await start(() => [peer("a", port)]);
  const location = caller.client("location", LocationService);
  const waits = location.lookup(asked, { deadline: 10_000 });
  await assert.rejects(location.lookup(asked, { deadline: 600 }), { code: Code.Unavailable });
  const answerer = await start(() => [], undefined, port);
  answerer.serve(LocationService, handlers());
  assert.deepEqual(await waits, REPLY);
  await Promise.all([caller.close(), answerer.close()]);
});

test("gRPC: who has not heard of everybody yet waits for whom it asks, within the deadline", async () => {
  const answerer = await start();
  answerer.serve(LocationService, handlers());
  const peers: Peer[] = [];
  let complete = false;
  const caller = await start(
    () => peers,
    undefined,
    0,
    () => complete,
  );
  const location = caller.client("location", LocationService);
  const asking = location.lookup(asked, { deadline: 5000 });
  const named = location.lookup(asked, { deadline: 5000, instance: "a" });
  await assert.rejects(location.lookup(asked, { deadline: 300 }), { code: Code.Unavailable }, "the deadline holds");
  peers.push(peer("a", answerer.port));
  assert.deepEqual(await Promise.all([asking, named]), [REPLY, REPLY]);
  complete = true;
  peers.pop();
  await assert.rejects(location.lookup(asked, { deadline: 60_000 }), { code: Code.Unavailable }, "nobody is there");
  await caller.close();
  await answerer.close();
});

test("gRPC: who closes leaves nobody waiting", async () => {
  const caller = await start(() => [peer("a", 1)]);
  const waits = caller.client("location", LocationService).lookup(asked, { deadline: 60_000 });
  const refused = assert.rejects(waits, { code: Code.Unavailable });
  await pause(300);
  await caller.close();
  await refused;
});

test("gRPC: what is being answered when a process leaves may still ask others", async () => {
  const other = await start();
  other.serve(DirectoryService, {
    ...UNASKED,
    domains: () => ({ version: 1n, domains: [] }),
  });
  const leaving = await start(() => [peer("b", other.port)]);
  const directory = leaving.client("directory", DirectoryService);
  const closing = Promise.withResolvers<void>();
  let entered = false;
  leaving.serve(
    LocationService,
    handlers({
      async lookup() {
        entered = true;
        await closing.promise;
        await directory.domains({}, { deadline: 2000 });
        return REPLY;
      },
    }),
  );
  const caller = await start(() => [peer("a", leaving.port)]);
  const underWay = caller.client("location", LocationService).lookup(asked, { deadline: 5000 });
  await until(() => entered, 2000);
  const closed = leaving.close();
  closing.resolve();
  assert.deepEqual(await underWay, REPLY);
  await closed;
  await caller.close();
  await other.close();
});

test("gRPC: who is named, and dies, is not replaced by another, whatever may be done twice", async () => {
  let entered = 0;
  const [dying, other] = await Promise.all([start(), start()]);
  const hang = () => {
    entered += 1;
    return new Promise<never>(() => {});
  };
  dying.serve(LocationService, handlers({ lookup: hang }));
  other.serve(LocationService, answering("other"));
  const way = await proxyTo(dying.port);
  let there = true;
  const caller = await start(() => [...(there ? [peer("a", way.port)] : []), peer("b", other.port)]);
  const location = caller.client("location", LocationService);
  const call = location.lookup(asked, { deadline: 5000, repeatable: true, instance: "a" });
  await until(() => entered === 1, 2000);
  there = false;
  way.cut();
  await assert.rejects(call, { code: Code.Unavailable });
  await caller.close();
  await Promise.all([way.close(), dying.close(), other.close()]);
});

test("gRPC: who leaves answers what is under way; what comes too late is asked of another", async () => {
  const release = Promise.withResolvers<void>();
  let entered = 0;
  const [leaving, other] = await Promise.all([start(), start()]);
  const serving = leaving.serve(
    LocationService,
    handlers({
      async lookup() {
        entered += 1;
        await release.promise;
        return REPLY;
      },
    }),
  );
  other.serve(LocationService, answering("other"));
  const peers = [peer("a", leaving.port)];
  const caller = await start(() => peers);
  const location = caller.client("location", LocationService);
  const underWay = location.lookup(asked, { deadline: 5000 });
  await until(() => entered === 1, 2000);
  serving.close();
  peers.push(peer("b", other.port));
  const late = await Promise.all(Array.from({ length: 4 }, () => location.lookup(asked, { deadline: 5000 })));
  for (const { bindings } of late) assert.equal(bindings[0]?.uri, "other");
  const closed = leaving.close();
  release.resolve();
  assert.deepEqual(await underWay, REPLY);
  await closed;
  await caller.close();
  await other.close();
});

test("gRPC: more calls than may be under way end with RESOURCE_EXHAUSTED", async () => {
  const answerer = await start();
  answerer.serve(LocationService, handlers({ lookup: () => new Promise(() => {}) }));
  const caller = await start(() => [peer("a", answerer.port)]);
  const location = caller.client("location", LocationService);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 9000 }, () => location.lookup(asked, { deadline: 1000 })),
  );
  const codes = outcomes.map((outcome) => (outcome.status === "rejected" ? outcome.reason.code : Code.Ok));
  assert.equal(codes.filter((code) => code === Code.ResourceExhausted).length, 9000 - 8192);
  assert.equal(codes.filter((code) => code === Code.DeadlineExceeded).length, 8192);
  await caller.close();
  await answerer.close();
});

test("gRPC: a named instance that serves no more and is not gone yet is UNAVAILABLE: who asks may ask another", async () => {
  const answerer = await start();
  answerer.serve(LocationService, handlers()).close();
  const caller = await start(() => [peer("a", answerer.port)]);
  const location = caller.client("location", LocationService);
  const asking = location.lookup(asked, { deadline: 500, repeatable: true, instance: "a" });
  await assert.rejects(asking, { code: Code.Unavailable });
  await caller.close();
  await answerer.close();
});

test("gRPC: every method is a typed unary call as well", async () => {
  const answerer = await start();
  const serving = answerer.serve(LocationService, handlers());
  const client = new LocationClient(`127.0.0.1:${answerer.port}`, credentials.createInsecure());
  const lookup = () =>
    new Promise((resolve, reject) => client.lookup(asked, (error, reply) => (error ? reject(error) : resolve(reply))));
  assert.deepEqual(await lookup(), REPLY);
  serving.close();
  await assert.rejects(lookup() as Promise<unknown>, { code: Code.Unimplemented });
  client.close();
  await answerer.close();
});

test("gRPC: a port that is taken is told", async () => {
  const first = await start();
  await assert.rejects(
    grpcRpc({
      clock,
      instance: "x",
      listen: { address: "127.0.0.1", port: first.port },
      peers: () => [],
      complete: () => true,
    }),
  );
  await first.close();
});
