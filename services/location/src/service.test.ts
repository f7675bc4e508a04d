import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Clock } from "@sipmesh/environment";
import { VirtualClock } from "@sipmesh/environment/testing";
import { Transport } from "@sipmesh/proto/flow";
import type { RegisterReply, RegisterRequest } from "@sipmesh/proto/location";
import { Code, RpcError } from "@sipmesh/rpc";
import { type Bucket, fileStore, memoryStore, type Store, StoreAway } from "@sipmesh/store";
import { silentTelemetry } from "@sipmesh/telemetry";
import { Lookup } from "./lookup.ts";
import { Records } from "./records.ts";
import { Registrar } from "./registrar.ts";
import { Sweeper } from "./sweeper.ts";
import * as catalogue from "./telemetry.ts";

const CALL = { deadline: 1000 };

/** One member of the service over a store. */
async function member(
  store: Store,
  clock: Clock = new VirtualClock(),
  more: { cacheSize?: number; max?: number } = {},
) {
  const telemetry = silentTelemetry();
  const { metrics, log } = telemetry;
  const records = new Records({
    store,
    clock,
    bucket: "bindings",
    cacheSize: more.cacheSize ?? 100,
    electionPatience: 0,
    log,
    reads: metrics.counter(catalogue.reads),
    unreadable: metrics.counter(catalogue.unreadable),
  });
  await records.open();
  const registrar = new Registrar({
    records,
    clock,
    telemetry,
    policy: { defaultExpires: 3600, minExpires: 60, maxExpires: 7200, maxContacts: 3, maxValueLength: 1024 },
    maxAddressesOfRecord: more.max ?? 1000,
    retryAfter: 5,
  });
  const lookup = new Lookup({ records, clock, telemetry });
  return {
    records,
    metrics,
    register: (request: Partial<RegisterRequest>) => registrar.register(registerRequest(request), CALL),
    async contacts(addressOfRecord = "alice@home") {
      const { bindings } = await lookup.lookup({ addressOfRecord }, CALL);
      return bindings.map(({ uri }) => uri);
    },
    bindings: async (addressOfRecord = "alice@home") => (await lookup.lookup({ addressOfRecord }, CALL)).bindings,
  };
}

function registerRequest(more: Partial<RegisterRequest>): RegisterRequest {
  return {
    addressOfRecord: "alice@home",
    contacts: ["<sip:alice@10.0.0.7:5080>"],
    expires: "600",
    callId: "call-1",
    cseq: 1,
    path: [],
    supported: [],
    require: [],
    userAgent: "test",
    flow: flow(),
    nat: false,
    ...more,
  };
}

function flow(transport: Transport = Transport.TRANSPORT_UDP) {
  return {
    edge: "edge-1",
    transport,
    local: { address: "10.0.0.1", port: 5060 },
    remote: { address: "203.0.113.9", port: 40_000 },
    connection: transport === Transport.TRANSPORT_UDP ? 0 : 7,
  };
}

const fieldsOf = (reply: RegisterReply, name: string) =>
  reply.headerFields.filter((field) => field.name === name).map(({ value }) => value);

/** The same object, but every method is called through `around`. */
function through<T extends object>(target: T, around: (name: string, call: () => unknown) => unknown): T {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...values: unknown[]) => around(String(name), () => Reflect.apply(value, target, values));
    },
  });
}

/** A store that can be away. */
function moody(store: Store): { readonly store: Store; away: boolean } {
  const mood = {
    away: false,
    store: through(store, async (name, call) => {
      if (mood.away) throw new StoreAway("test");
      const result = await call();
      if (name !== "bucket") return result;
      return through(result as Bucket, async (_, ask) => {
        if (mood.away) throw new StoreAway("test");
        return ask();
      });
    }),
  };
  return mood;
}

/** A store whose watches never tell anything. */
function deaf(store: Store): Store {
  return through(store, async (_, call) =>
    through((await call()) as Bucket, (name, ask) => (name === "watch" ? Promise.resolve({ close() {} }) : ask())),
  );
}

describe("a registration", () => {
  it("is stored, told back with what is left of it, and found", async () => {
    const clock = new VirtualClock();
    const { register, contacts, bindings } = await member(memoryStore(), clock);
    const reply = await register({});
    assert.equal(reply.status, 200);
    assert.deepEqual(fieldsOf(reply, "Contact"), ["<sip:alice@10.0.0.7:5080>;expires=600"]);
    assert.deepEqual(fieldsOf(reply, "Date"), [new Date(clock.now()).toUTCString()]);
    await clock.pass(90_000);
    assert.deepEqual(await contacts(), ["sip:alice@10.0.0.7:5080"]);
    assert.equal((await bindings())[0]?.expires, 510);
  });

  it("expires by time, without anything having to happen", async () => {
    const clock = new VirtualClock();
    const { register, contacts } = await member(memoryStore(), clock);
    await register({});
    await clock.pass(600_000);
    assert.deepEqual(await contacts(), []);
  });

  it("is asked for without Contact, and removed by expires=0 or *", async () => {
    const { register, contacts } = await member(memoryStore());
    await register({ contacts: ["<sip:a@10.0.0.7>", "<sip:b@10.0.0.7>"] });
    assert.equal(fieldsOf(await register({ contacts: [], cseq: 2 }), "Contact").length, 2);
    await register({ contacts: ["<sip:a@10.0.0.7>;expires=0"], cseq: 3 });
    assert.deepEqual(await contacts(), ["sip:b@10.0.0.7"]);
    assert.equal((await register({ contacts: ["*"], expires: "0", cseq: 4 })).status, 200);
    assert.deepEqual(await contacts(), []);
  });

  it("is refused as the registrar says, with its header fields", async () => {
    const { register } = await member(memoryStore());
    const reply = await register({ expires: "10" });
    assert.equal(reply.status, 423);
    assert.deepEqual(fieldsOf(reply, "Min-Expires"), ["60"]);
    assert.deepEqual(fieldsOf(await register({ require: ["gruu"] }), "Unsupported"), ["gruu"]);
  });

  it("that comes twice is answered alike and stored once", async () => {
    const { register, metrics } = await member(memoryStore());
    const first = await register({});
    const second = await register({});
    assert.deepEqual(fieldsOf(second, "Contact"), fieldsOf(first, "Contact"));
    assert.equal(metrics.value("sipmesh_location_registers_total", { outcome: "stored" }), 1);
    assert.equal((await register({ contacts: ["<sip:alice@10.0.0.8>"] })).status, 200);
    assert.equal((await register({ contacts: ["<sip:alice@10.0.0.7:5080>;q=0.1"] })).status, 400);
  });

  it("survives the process", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sipmesh-location-"));
    try {
      const file = join(folder, "store");
      const first = fileStore(file);
      await (await member(first)).register({ path: ["<sip:p1;lr>"], nat: true });
      await first.close();
      const second = fileStore(file);
      const [binding] = await (await member(second)).bindings();
      assert.deepEqual([binding?.path, binding?.flow, binding?.nat], [["<sip:p1;lr>"], flow(), true]);
      await second.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the way back to a phone", () => {
  it("is its flow where it is behind a NAT or has a connection, its contact otherwise", async () => {
    const { register, bindings } = await member(memoryStore());
    const flowAfter = async (more: Partial<RegisterRequest>) => {
      await register(more);
      return (await bindings())[0]?.flow;
    };
    assert.equal(await flowAfter({}), undefined);
    assert.deepEqual(await flowAfter({ nat: true, cseq: 2 }), flow());
    const tcp = flow(Transport.TRANSPORT_TCP);
    assert.deepEqual(await flowAfter({ flow: tcp, cseq: 3 }), tcp);
  });

  it("is pinged through a NAT over UDP, as long as something is registered over it", async () => {
    const { register } = await member(memoryStore());
    const keepAlive = async (more: Partial<RegisterRequest>) => (await register(more)).keepAlive;
    assert.equal(await keepAlive({}), 0);
    assert.equal(await keepAlive({ nat: true, cseq: 2, expires: "600" }), 600);
    assert.equal(await keepAlive({ nat: true, cseq: 2, expires: "600" }), 600, "the same once more");
    assert.equal(await keepAlive({ nat: true, cseq: 3, flow: flow(Transport.TRANSPORT_TCP) }), 0);
    assert.equal(await keepAlive({ nat: true, cseq: 4, expires: "0" }), 0);
  });
});

describe("two members over one store", () => {
  it("lose none of the contacts that come to both at once", async () => {
    const store = memoryStore();
    const [one, two] = [await member(store), await member(store)];
    const replies = await Promise.all([
      one.register({ contacts: ["<sip:a@10.0.0.1>"], callId: "a" }),
      two.register({ contacts: ["<sip:b@10.0.0.1>"], callId: "b" }),
      one.register({ contacts: ["<sip:c@10.0.0.1>"], callId: "c" }),
    ]);
    assert.deepEqual(
      replies.map(({ status }) => status),
      [200, 200, 200],
    );
    const all = ["sip:a@10.0.0.1", "sip:b@10.0.0.1", "sip:c@10.0.0.1"];
    assert.deepEqual((await one.contacts()).sort(), all);
    assert.deepEqual((await two.contacts()).sort(), all);
  });

  it("see one another's changes to what they hold in memory", async () => {
    const store = memoryStore();
    const [one, two] = [await member(store), await member(store)];
    await one.register({});
    await two.contacts();
    await one.register({ contacts: ["<sip:alice@10.0.0.8>"], cseq: 2 });
    await one.register({ contacts: ["<sip:alice@10.0.0.7:5080>"], expires: "0", cseq: 3 });
    assert.deepEqual(await two.contacts(), ["sip:alice@10.0.0.8"]);
    assert.equal(two.records.index.contacts, 1);
  });

  it("ask the store before they say that there is nothing", async () => {
    const store = memoryStore();
    const one = await member(store);
    const two = await member(deaf(store));
    await one.register({});
    assert.deepEqual(await two.contacts(), ["sip:alice@10.0.0.7:5080"]);
    assert.equal((await two.register({ callId: "other", contacts: ["<sip:x@10.0.0.9>"] })).status, 200);
    assert.equal((await one.contacts()).length, 2);
  });
});

describe("while the store is away", () => {
  it("a REGISTER is answered 503 with Retry-After, and works again by itself", async () => {
    const mood = moody(memoryStore());
    const { register, contacts } = await member(mood.store);
    mood.away = true;
    const reply = await register({});
    assert.equal(reply.status, 503);
    assert.deepEqual(fieldsOf(reply, "Retry-After"), ["5"]);
    mood.away = false;
    assert.equal((await register({})).status, 200);
    assert.deepEqual(await contacts(), ["sip:alice@10.0.0.7:5080"]);
  });

  it("who is known is found all the same; who is not is UNAVAILABLE, never 'none'", async () => {
    const mood = moody(memoryStore());
    const { register, contacts } = await member(mood.store);
    await register({});
    mood.away = true;
    assert.deepEqual(await contacts(), ["sip:alice@10.0.0.7:5080"]);
    await assert.rejects(contacts("bob@home"), (error) => error instanceof RpcError && error.code === Code.Unavailable);
  });

  it("from the start, it is tried again until it is there", async () => {
    const clock = new VirtualClock();
    const mood = moody(memoryStore());
    mood.away = true;
    const { records, register } = await member(mood.store, clock);
    assert.equal(records.opened, false);
    assert.equal((await register({})).status, 503);
    mood.away = false;
    await clock.pass(1000);
    assert.equal(records.opened, true);
    assert.equal((await register({})).status, 200);
    records.close();
  });
});

describe("bounds", () => {
  it("a further address of record is answered 503 when there are too many", async () => {
    const { register } = await member(memoryStore(), undefined, { max: 1 });
    assert.equal((await register({})).status, 200);
    assert.equal((await register({ addressOfRecord: "bob@home" })).status, 503);
    assert.equal((await register({ cseq: 2 })).status, 200);
  });

  it("works without any memory of its own", async () => {
    const { register, contacts } = await member(memoryStore(), undefined, { cacheSize: 0 });
    await register({});
    await register({ contacts: ["<sip:second@10.0.0.7>"], cseq: 2 });
    assert.equal((await contacts()).length, 2);
  });

  it("what has expired is swept from the store, what was renewed stays", async () => {
    const clock = new VirtualClock();
    const store = memoryStore();
    const { register, records, metrics } = await member(store, clock);
    const swept = metrics.counter(catalogue.swept);
    const sweeper = new Sweeper({
      records,
      clock,
      swept,
      mine: () => true,
      failed: (error) => assert.fail(String(error)),
    });
    await register({ expires: "60" });
    await register({ addressOfRecord: "bob@home", expires: "600" });
    await clock.pass(61_000);
    assert.equal(records.index.size, 2, "nothing is swept before its grace is over");
    for (let second = 0; second < 10; second++) await clock.pass(1000);
    assert.equal(records.index.size, 1);
    assert.equal(await (await store.bucket("bindings")).get("alice@home"), undefined);
    assert.equal(swept.value, 1);
    sweeper.stop();
  });

  it("a record that cannot be read is counted, and replaced by the next REGISTER", async () => {
    const store = memoryStore();
    await (await store.bucket("bindings")).put("alice@home", Uint8Array.of(99));
    const { register, contacts, metrics } = await member(store);
    assert.deepEqual(await contacts(), []);
    assert.ok(metrics.value("sipmesh_location_unreadable_total") > 0);
    assert.equal((await register({})).status, 200);
    assert.deepEqual(await contacts(), ["sip:alice@10.0.0.7:5080"]);
  });
});
