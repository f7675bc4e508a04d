import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Configured, VirtualProcess, World } from "@sipmesh/testkit/simulation";
import { type IncomingCall, UserAgent } from "@sipmesh/user-agent";
import { DOMAIN, modules, PASSWORD, startPlatform } from "./platform.ts";

describe("audio in the simulation", () => {
  it("is heard through the relay in spite of loss, held when it is held, and ends with the call", async () => {
    const world = new World(7);
    const platform = await startPlatform(world, { users: ["alice", "bob"], media: "always", shape: "all" });
    const [process] = platform.processes;
    const [server] = platform.edges;
    assert.ok(process && server);
    const phone = async (username: string, address: string, tone: number) => {
      const settings = { addressOfRecord: `sip:${username}@${DOMAIN}`, server, transport: "udp", tone } as const;
      const surroundings = {
        clock: world.clock,
        random: world.random.fork(username),
        network: world.internet.host(address),
      };
      const secret = { username, password: PASSWORD };
      const agent = await world.expect(username, UserAgent.start({ ...settings, secret }, surroundings));
      await world.expect(`registration of ${username}`, agent.register());
      return agent;
    };
    const alice = await phone("alice", "10.1.1.1", 440);
    const bob = await phone("bob", "10.1.2.1", 620);
    let incoming: IncomingCall | undefined;
    bob.onCall((call) => {
      incoming = call;
      call.answer();
    });
    const between = new Set<string>();
    world.internet.tap(({ from, to, bytes }) => {
      if ((bytes[0] ?? 0) >= 128) between.add(`${from.address} ${to.address}`);
    });
    world.internet.weather = { loss: 0.005, duplication: 0, delay: [1, 5] };
    const call = await world.expect("call", alice.call("bob"));
    assert.equal(await world.expect("answer", call.established), true);
    await world.pass(5000);
    assert.ok(incoming);
    assert.ok(call.hears(620) > 0.5, `alice hears ${call.hears(620)}`);
    assert.ok(incoming.hears(440) > 0.5, `bob hears ${incoming.hears(440)}`);
    assert.ok(call.report.received > 200 && call.report.lost > 0, JSON.stringify(call.report));
    assert.equal(
      between.has("10.1.1.1 10.1.2.1") || between.has("10.1.2.1 10.1.1.1"),
      false,
      "nothing goes past the relay",
    );

    assert.equal(await world.expect("hold", call.hold(true)), true);
    await world.pass(500);
    const { received } = call.report;
    await world.pass(300_000);
    assert.equal(call.report.received, received, "a held phone hears nothing");
    assert.equal((process.state("media") as { sessions: number }).sessions, 1, "and keeps its session");
    assert.equal(await world.expect("resume", call.hold(false)), true);
    await world.pass(2000);
    assert.ok(call.report.received > received);

    call.hangUp();
    await world.pass(10_000);
    assert.equal((process.state("media") as { sessions: number }).sessions, 0);
    assert.deepEqual(world.errors, []);
    for (const agent of [alice, bob]) await agent.close();
    await process.crash();
  });

  it("goes on over the death of the relay, on the same ports: a call is held and taken up again by who follows", async () => {
    const world = new World(11);
    const options = { users: ["alice", "bob"], media: "always", shape: "split" } as const;
    const platform = await startPlatform(world, options);
    const [server] = platform.edges;
    const [relay] = platform.with("media");
    assert.ok(server && relay);
    const phone = async (username: string, address: string, tone: number) => {
      const settings = { addressOfRecord: `sip:${username}@${DOMAIN}`, server, transport: "udp", tone } as const;
      const surroundings = {
        clock: world.clock,
        random: world.random.fork(username),
        network: world.internet.host(address),
      };
      const secret = { username, password: PASSWORD };
      const agent = await world.expect(username, UserAgent.start({ ...settings, secret }, surroundings));
      await world.expect(`registration of ${username}`, agent.register());
      return agent;
    };
    const alice = await phone("alice", "10.1.1.1", 440);
    const bob = await phone("bob", "10.1.2.1", 620);
    bob.onCall((call) => call.answer());
    const call = await world.expect("call", alice.call("bob"));
    assert.equal(await world.expect("answer", call.established), true);
    await world.pass(2000);
    const place = call.remoteMedia;

    await relay.crash();
    const { received } = call.report;
    await world.pass(1000);
    assert.equal(call.report.received, received);
    const reborn = new VirtualProcess(platform.site, "media-reborn", relay.address);
    platform.replace(relay, reborn);
    await world.expect("start", reborn.start([modules(options, relay.address).media as Configured]));
    await world.pass(1000);
    assert.ok(call.report.received > received + 40, `${call.report.received - received} packets`);
    for (const holding of [true, false]) assert.equal(await world.expect("hold", call.hold(holding)), true);
    assert.deepEqual(call.remoteMedia, place);
    await world.pass(2000);
    assert.ok(call.hears(620) > 0.5);
    assert.ok((bob.calls[0]?.hears(440) ?? 0) > 0.5);

    call.hangUp();
    await world.pass(10_000);
    assert.equal((reborn.state("media") as { sessions: number }).sessions, 0);
    assert.deepEqual(world.errors, []);
    for (const agent of [alice, bob]) await agent.close();
    for (const process of platform.processes) await process.crash();
  });
});
