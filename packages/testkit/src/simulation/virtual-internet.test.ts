import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BindError, type Connection } from "@sipmesh/transport";
import { World } from "./world.ts";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const bytes = (of: string) => new Uint8Array(Buffer.from(of));
const nobody = { receive() {}, failed() {} };

async function ears(world: World, address: string, port: number): Promise<string[]> {
  const heard: string[] = [];
  await world.internet.host(address).udp({ address, port, failed() {}, receive: (data) => heard.push(text(data)) });
  return heard;
}

describe("datagrams", () => {
  it("arrive later, from the address that they were sent from", async () => {
    const world = new World(1);
    let from = "";
    await world.internet.host("10.0.0.2").udp({
      address: "10.0.0.2",
      port: 5060,
      failed() {},
      receive: (_, source) => {
        from = `${source.address}:${source.port}`;
      },
    });
    const socket = await world.internet.host("10.0.0.1").udp({ address: "0.0.0.0", port: 1000, ...nobody });
    socket.send(bytes("x"), 5060, "10.0.0.2");
    assert.equal(from, "");
    await world.pass(10);
    assert.equal(from, "10.0.0.1:1000");
  });

  it("are lost, doubled and overtake each other as the weather is, the same for the same seed", async () => {
    const hear = async (seed: number) => {
      const world = new World(seed);
      world.internet.weather = { loss: 0.2, duplication: 0.2, delay: [1, 100] };
      const heard = await ears(world, "10.0.0.2", 5060);
      const socket = await world.internet.host("10.0.0.1").udp({ address: "10.0.0.1", port: 0, ...nobody });
      for (let i = 0; i < 500; i++) socket.send(bytes(String(i)), 5060, "10.0.0.2");
      await world.pass(1000);
      return heard;
    };
    const heard = await hear(1);
    const different = new Set(heard);
    assert.ok(different.size > 350 && different.size < 450, `${different.size} arrived`);
    assert.ok(heard.length - different.size > 50, "some came twice");
    assert.notDeepEqual(
      heard,
      heard.toSorted((a, b) => Number(a) - Number(b)),
    );
    assert.deepEqual(await hear(1), heard);
    assert.notDeepEqual(await hear(2), heard);
  });

  it("do not pass a cut, and are lost where nobody listens", async () => {
    const world = new World(1);
    const fates: string[] = [];
    world.internet.tap(({ what }) => fates.push(what));
    world.internet.cut = (_, to) => to === "10.0.0.9";
    const socket = await world.internet.host("10.0.0.1").udp({ address: "10.0.0.1", port: 0, ...nobody });
    socket.send(bytes("x"), 5060, "10.0.0.9");
    socket.send(bytes("x"), 5060, "10.0.0.2");
    await world.pass(10);
    assert.deepEqual(fates, ["sent", "lost", "sent", "unheard"]);
  });

  it("a port is bound once", async () => {
    const host = new World(1).internet.host("10.0.0.1");
    const first = await host.udp({ address: "10.0.0.1", port: 5060, ...nobody });
    await assert.rejects(host.udp({ address: "10.0.0.1", port: 5060, ...nobody }), BindError);
    await first.close();
    await host.udp({ address: "10.0.0.1", port: 5060, ...nobody });
  });
});

describe("connections", () => {
  function server(world: World) {
    const got: string[] = [];
    const accepted: Connection[] = [];
    let closed = 0;
    const listening = world.internet.host("10.0.0.2").listen({
      address: "10.0.0.2",
      port: 5060,
      accepted(connection) {
        accepted.push(connection);
        return { received: (data) => got.push(text(data)), closed: () => closed++ };
      },
    });
    return { got, accepted, listening, closed: () => closed };
  }
  const remote = { address: "10.0.0.2", port: 5060 };

  it("carry everything in order, also what was written before they stood, in pieces of any size", async () => {
    const world = new World(1);
    world.internet.weather = { loss: 0.9, duplication: 0.5, delay: [1, 100] };
    const { got, accepted, listening } = server(world);
    await listening;
    const back: string[] = [];
    const connection = world.internet
      .host("10.0.0.1")
      .connect({ remote, timeout: 1000 }, { received: (data) => back.push(text(data)), closed() {} });
    for (let i = 0; i < 50; i++) connection.write(bytes(`message ${i};`));
    await world.pass(20_000);
    assert.equal(got.join(""), Array.from({ length: 50 }, (_, i) => `message ${i};`).join(""));
    assert.ok(got.length > 50, "some came in two pieces");
    accepted[0]?.write(bytes("hello"));
    await world.pass(1000);
    assert.equal(back.join(""), "hello");
  });

  it("close once on both sides, after what was written", async () => {
    const world = new World(1);
    const { got, listening, closed } = server(world);
    await listening;
    let ours = 0;
    const connection = world.internet
      .host("10.0.0.1")
      .connect({ remote, timeout: 1000 }, { received() {}, closed: () => ours++ });
    await world.pass(100);
    connection.write(bytes("bye"));
    connection.close();
    connection.close();
    assert.equal(connection.write(bytes("too late")), false);
    await world.pass(1000);
    assert.deepEqual([got.join(""), ours, closed()], ["bye", 1, 1]);
  });

  it("are refused where nobody listens, and end when a host crashes", async () => {
    const world = new World(1);
    let refused = "";
    world.internet
      .host("10.0.0.1")
      .connect({ remote, timeout: 1000 }, { received() {}, closed: (error) => (refused = error?.message ?? "") });
    await world.pass(100);
    assert.match(refused, /refused/);
    await server(world).listening;
    let ended = 0;
    world.internet.host("10.0.0.1").connect({ remote, timeout: 1000 }, { received() {}, closed: () => ended++ });
    await world.pass(100);
    assert.equal(ended, 0);
    world.internet.crash("10.0.0.2");
    await world.pass(100);
    assert.equal(ended, 1);
  });
});
