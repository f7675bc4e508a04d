import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { VirtualClock } from "@sipmesh/environment/testing";
import { AuthenticateOutcome, DirectoryService, type Domain } from "@sipmesh/proto/directory";
import { Transport } from "@sipmesh/proto/flow";
import { type Binding, LocationService } from "@sipmesh/proto/location";
import { type RouteRequest, RoutingService } from "@sipmesh/proto/routing";
import { Code, directRpc, type Handlers, RpcError } from "@sipmesh/rpc";
import type { Context } from "@sipmesh/runtime";
import { silentTelemetry } from "@sipmesh/telemetry";
import type { Resolver } from "@sipmesh/transport";
import { routing } from "./module.ts";

const CALL = { deadline: 1000 };
const home: Domain = {
  name: "home",
  realm: "Home",
  aliases: [],
  ownAddresses: true,
  authenticate: true,
  algorithms: ["MD5"],
  openToStrangers: false,
  anyUser: false,
  thirdPartyRegistration: false,
};

function edge(id: string, transport = "udp") {
  return { id, node: "n", targets: ["edge"], members: [], addresses: [{ transport, address: "10.0.0.1", port: 5060 }] };
}

function binding(uri: string, more: Partial<Binding> = {}): Binding {
  return { uri, q: 1000, path: [], flow: undefined, nat: false, expires: 60, ...more };
}

/** The service, with what directory, location and the network say. */
async function world(config: object = {}, away: { directory?: boolean } = {}) {
  const clock = new VirtualClock();
  const rpc = directRpc({ clock, instance: "test" });
  const telemetry = silentTelemetry();
  const said = {
    domains: [home],
    version: 1n,
    away: { directory: false, location: false, ...away },
    asked: [] as string[],
    bindings: [binding("sip:bob@10.0.0.7:5090")],
    edges: [edge("edge-1")],
    resolve: (): Promise<never[]> => Promise.resolve([]),
  };
  const handlers: Handlers<typeof DirectoryService> = {
    domains() {
      check("directory");
      return { version: said.version, domains: said.domains };
    },
    subscriber({ user, domain }) {
      check("directory");
      said.asked.push(`subscriber ${user}`);
      return { exists: user === "bob", user, numbers: [], domain };
    },
    challenge({ realm, stale }) {
      check("directory");
      return { values: [`Digest realm="${realm}", stale=${stale}`] };
    },
    authenticate({ credentials, realm, method }) {
      check("directory");
      said.asked.push(`authenticate ${realm} ${method} ${credentials.join()}`);
      return { outcome: AuthenticateOutcome.AUTHENTICATE_OUTCOME_OK, user: "alice", reason: "" };
    },
  };
  rpc.serve(DirectoryService, handlers);
  rpc.serve(LocationService, {
    register: () => {
      throw new RpcError(Code.Unimplemented, "routing registers nobody");
    },
    lookup({ addressOfRecord }) {
      check("location");
      said.asked.push(`lookup ${addressOfRecord}`);
      return { bindings: said.bindings };
    },
  });
  function check(service: "directory" | "location"): void {
    if (said.away[service]) throw new RpcError(Code.Unavailable, `${service} is gone`);
  }
  let changed = (): void => {};
  const resolver: Resolver = {
    a: () => said.resolve(),
    aaaa: () => said.resolve(),
    srv: () => said.resolve(),
    naptr: () => said.resolve(),
  };
  const context = {
    clock,
    rpc,
    telemetry,
    random: { integer: () => 0 },
    network: { resolver, ownAddresses: () => ["127.0.0.1"] },
    cluster: {
      instances: () => said.edges,
      onChange(run: () => void) {
        changed = run;
        return { close() {} };
      },
    },
  } as unknown as Context;
  const service = await routing.start(context, routing.section.schema.parse(config));
  const client = rpc.client("routing", RoutingService);
  return {
    said,
    clock,
    service,
    metrics: telemetry.metrics,
    route: (more: Partial<RouteRequest> = {}) => client.route(request(more), CALL),
    locate: (uri: string, to = "") => client.locate({ uri, preferred: Transport.TRANSPORT_UDP, to }, CALL),
    edges(...edges: ReturnType<typeof edge>[]) {
      said.edges = edges;
      changed();
    },
  };
}

function request(more: Partial<RouteRequest>): RouteRequest {
  return {
    method: "INVITE",
    requestUri: "sip:bob@10.0.0.1",
    from: '"Alice" <sip:alice@127.0.0.1>;tag=x',
    to: "<sip:bob@10.0.0.1>",
    callId: "c",
    cseq: 1,
    route: [],
    authorization: [],
    proxyAuthorization: ["Digest alice"],
    proxyRequire: [],
    flow: {
      edge: "edge-1",
      transport: Transport.TRANSPORT_UDP,
      local: { address: "10.0.0.1", port: 5060 },
      remote: { address: "192.0.2.1", port: 5060 },
      connection: 0,
    },
    hasToTag: false,
    bodyMd5: "",
    bodySha256: "",
    tried: [],
    ...more,
  };
}

type World = Awaited<ReturnType<typeof world>>;

async function proxied(route: World["route"], more: Partial<RouteRequest> = {}) {
  const { decision } = await route(more);
  assert.ok(decision?.$case === "proxy", JSON.stringify(decision));
  return decision.value;
}

async function rejected(route: World["route"], more: Partial<RouteRequest> = {}) {
  const { decision } = await route(more);
  assert.ok(decision?.$case === "reject", JSON.stringify(decision));
  return decision.value;
}

describe("routing a call", () => {
  it("asks who calls and where the called one is, and says where to send and how", async () => {
    const { route, said, service } = await world({ media: "nat", ringTime: 30 });
    const { decision, identity, realm, vouched } = await route();
    assert.deepEqual([identity, realm, vouched], ["alice@home", "Home", true]);
    assert.deepEqual(said.asked, ["authenticate Home INVITE Digest alice", "subscriber bob", "lookup bob@home"]);
    assert.deepEqual(decision, {
      $case: "proxy",
      value: {
        targets: [
          {
            uri: "sip:bob@10.0.0.7:5090",
            route: [],
            flow: undefined,
            q: 1000,
            hops: [
              { transport: Transport.TRANSPORT_UDP, address: { address: "10.0.0.7", port: 5090 }, host: "10.0.0.7" },
            ],
            nat: false,
          },
        ],
        recordRoute: true,
        media: 2,
        ringTime: 30,
      },
    });
    await service.stop();
  });

  it("knows the address at which a request came for its own before word of the edge there has come", async () => {
    const { route, edges } = await world();
    const to = { requestUri: "sip:198.51.100.1", to: "<sip:alice@198.51.100.1>" };
    const local = { address: "198.51.100.1", port: 5060 };
    const flow = { ...request({}).flow, edge: "edge-9", transport: Transport.TRANSPORT_UDP, connection: 0 };
    const elsewhere = { ...flow, local: { address: "10.0.0.1", port: 5060 }, remote: local };
    for (const known of [[edge("edge-1")], []]) {
      edges(...known);
      const there = await route({ method: "REGISTER", ...to, flow: { ...flow, local, remote: local } });
      assert.equal(there.decision?.$case, "challenge");
      const refused = await rejected(route, { method: "REGISTER", ...to, flow: elsewhere });
      assert.equal(refused.status, 403);
    }
  });

  it("challenges in the domain's realm without asking about credentials that are not there", async () => {
    const { route, said } = await world();
    const { decision } = await route({ proxyAuthorization: [] });
    assert.deepEqual(decision, {
      $case: "challenge",
      value: { status: 407, values: ['Digest realm="Home", stale=false'] },
    });
    assert.deepEqual(said.asked, []);
  });

  it("checks Authorization for REGISTER and Proxy-Authorization for all else (RFC 3261 §22)", async () => {
    const { route, said } = await world();
    const register = { method: "REGISTER", requestUri: "sip:10.0.0.1", to: "<sip:alice@home>" };
    const { decision } = await route({ ...register, authorization: ["Digest mine"] });
    assert.deepEqual(decision, { $case: "register", value: { addressOfRecord: "alice@home" } });
    assert.deepEqual(said.asked, ["authenticate Home REGISTER Digest mine"]);
    assert.equal((await route(register)).decision?.$case, "challenge");
  });

  it("answers OPTIONS to any of our addresses, those of edges that came later too", async () => {
    const { route, edges } = await world();
    const options = (requestUri: string) => route({ method: "OPTIONS", requestUri, proxyAuthorization: [] });
    assert.equal((await options("sip:10.0.0.1:5060")).decision?.$case, "answer");
    assert.equal((await options("sip:10.0.0.2")).decision?.$case, "challenge");
    edges(edge("edge-1"), { ...edge("edge-2"), addresses: [{ transport: "udp", address: "10.0.0.2", port: 5060 }] });
    assert.equal((await options("sip:10.0.0.2")).decision?.$case, "answer");
  });

  it("goes past our own addresses in Route", async () => {
    const { route } = await world();
    const own = await proxied(route, { route: ["<sip:10.0.0.1;lr>"] });
    assert.equal(own.targets[0]?.hops[0]?.address?.address, "10.0.0.7");
    const foreign = await proxied(route, { route: ["<sip:10.0.0.1;lr>", "<sip:10.0.0.99:5070;lr>"] });
    assert.equal(foreign.targets[0]?.uri, "sip:bob@10.0.0.1");
    assert.deepEqual(foreign.targets[0]?.hops[0]?.address, { address: "10.0.0.99", port: 5070 });
  });

  it("remembers subscribers for a while, and nobody's bindings", async () => {
    const { route, said, clock } = await world({ cacheTime: 1000 });
    await route();
    await route();
    assert.equal(said.asked.filter((question) => question === "subscriber bob").length, 1);
    assert.equal(said.asked.filter((question) => question === "lookup bob@home").length, 2);
    await clock.pass(1000);
    await route();
    assert.equal(said.asked.filter((question) => question === "subscriber bob").length, 2);
  });
});

describe("a phone behind a NAT", () => {
  const flow = {
    edge: "edge-1",
    transport: Transport.TRANSPORT_UDP,
    local: { address: "10.0.0.1", port: 5060 },
    remote: { address: "203.0.113.9", port: 40_000 },
    connection: 0,
  };
  const natted = (more = {}) => [binding("sip:bob@192.168.1.7", { nat: true, flow: { ...flow, ...more } })];

  it("is reached over its flow, by an edge that came back at the same address too", async () => {
    const { route, said, edges } = await world();
    said.bindings = natted();
    assert.deepEqual((await proxied(route)).targets[0]?.flow, flow);
    edges(edge("edge-1-reborn"));
    const [target] = (await proxied(route)).targets;
    assert.deepEqual(target?.flow, { ...flow, edge: "edge-1-reborn" });
    assert.deepEqual(target?.hops, []);
  });

  it("is unavailable when the connection went with its edge", async () => {
    const { route, said, edges } = await world();
    said.bindings = natted({ transport: Transport.TRANSPORT_TCP, connection: 4 });
    edges(edge("edge-1-reborn"));
    assert.equal((await rejected(route)).status, 480);
  });
});

describe("while somebody is away", () => {
  it("a request is answered 503 with Retry-After, and heals by itself", async () => {
    const { route, said, metrics } = await world();
    for (const service of ["directory", "location"] as const) {
      said.away[service] = true;
      const { status, headerFields } = await rejected(route);
      assert.equal(status, 503);
      assert.deepEqual(headerFields, [{ name: "Retry-After", value: "5" }]);
      assert.equal(metrics.value("sipmesh_routing_failures_total", { service }), 1);
      said.away[service] = false;
    }
    assert.equal((await route()).decision?.$case, "proxy");
  });

  it("the domains that were known stay known", async () => {
    const { said, clock, route, service } = await world();
    said.away.directory = true;
    await clock.pass(60_000);
    assert.equal(service.ready().ok, true);
    assert.equal((await route({ method: "OPTIONS", requestUri: "sip:home" })).decision?.$case, "answer");
  });

  it("it is not ready before the directory has told its domains, and asks until it has", async () => {
    const { said, clock, route, service } = await world({}, { directory: true });
    assert.equal(service.ready().ok, false);
    assert.equal((await rejected(route)).status, 503);
    said.away.directory = false;
    await clock.pass(200);
    assert.equal(service.ready().ok, true);
    assert.equal((await route()).decision?.$case, "proxy");
    await service.stop();
    assert.equal(clock.timers, 0, "no timer is left behind");
  });

  it("changed domains are learned", async () => {
    const { said, clock, route } = await world();
    said.domains = [{ ...home, name: "other", aliases: ["new.example"] }];
    said.version = 2n;
    await clock.pass(5000);
    assert.equal((await route({ method: "OPTIONS", requestUri: "sip:new.example" })).decision?.$case, "answer");
  });

  it("a name server that does not answer costs the deadline and no more", async () => {
    const { route, said, clock, metrics } = await world({ dns: { deadline: 500 } });
    said.resolve = () => new Promise(() => {});
    const routed = rejected(route, { requestUri: "sip:x@slow.example" });
    await new Promise((resolve) => setImmediate(resolve));
    await clock.pass(500);
    assert.equal((await routed).status, 503);
    assert.equal(metrics.value("sipmesh_routing_unlocated_total", { status: "503" }), 1);
  });
});

describe("locating within a dialog", () => {
  it("gives hops, or the status that says why there are none", async () => {
    const { locate } = await world();
    assert.deepEqual((await locate("sip:bob@10.0.0.7:5090")).hops[0]?.address, { address: "10.0.0.7", port: 5090 });
    const nowhere = await locate("sip:nowhere.example");
    assert.deepEqual([nowhere.hops, nowhere.status, nowhere.reason], [[], 404, "No Such Host"]);
    assert.equal((await locate("sips:bob@10.0.0.7")).status, 416);
  });

  it("where its flow is gone, gives the one by which that very contact is registered now", async () => {
    const { said, locate } = await world();
    const flow = (of: string) => ({
      edge: of,
      transport: Transport.TRANSPORT_TCP,
      local: { address: "10.0.0.1", port: 5060 },
      remote: { address: "192.0.2.7", port: 49_152 },
      connection: 7,
    });
    const contact = "sip:bob@10.9.9.9:5060;transport=tcp";
    const to = '"Bob" <sip:bob@home>;tag=b1';
    said.bindings = [binding("sip:bob@10.9.9.8", { flow: flow("edge-1") }), binding(contact, { flow: flow("edge-1") })];
    assert.equal((await locate(contact, to)).flow?.connection, 7);
    const gone = { hops: [], status: 480, reason: "The Flow Is Gone", flow: undefined };
    assert.deepEqual(await locate("sip:bob@10.9.9.7", to), gone, "nobody is led to another contact");
    assert.deepEqual(await locate(contact, "<sip:eve@home>"), gone, "there is no such subscriber");
    assert.deepEqual(await locate(contact, "<sip:bob@elsewhere.example>"), gone);
    said.bindings = [binding(contact, { flow: flow("edge-dead") })];
    assert.deepEqual(await locate(contact, to), gone, "that one is gone too");
    said.away.location = true;
    assert.equal((await locate(contact, to)).status, 503);
  });
});
