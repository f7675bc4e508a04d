import assert from "node:assert/strict";
import { test } from "node:test";
import { RegistrationFailed } from "./registration.ts";
import type { UserAgentSettings } from "./settings.ts";
import { TestRegistrar } from "./testing/registrar.ts";
import { World } from "./testing/world.ts";
import { UserAgent } from "./user-agent.ts";

const settings: UserAgentSettings = {
  addressOfRecord: "sip:alice@example.com",
  secret: { username: "alice", password: "secret" },
  server: { address: "127.0.0.1", port: 5060 },
  transport: "udp",
};

function story(agent: UserAgent): string[] {
  return agent.log.map(({ direction, line, again }) => {
    const word = line.startsWith("SIP/2.0") ? line.slice(8, 11) : line.slice(0, line.indexOf(" "));
    return `${direction} ${word}${again ? " again" : ""}`;
  });
}

for (const transport of ["udp", "tcp"] as const) {
  test(`it registers with digest over ${transport}, refreshes in time, and unregisters`, async () => {
    const world = new World();
    const registrar = await TestRegistrar.start(world, transport);
    const agent = await UserAgent.start({ ...settings, transport, expires: 100 }, world);
    const registered = agent.register();
    await world.pass(1000);
    assert.equal(await registered, 100);
    assert.equal(registrar.bindings.length, 1);
    assert.match(
      registrar.bindings[0]?.uri ?? "",
      transport === "tcp" ? /;transport=tcp$/ : /^sip:alice@127\.0\.0\.1:\d+$/,
    );

    await world.pass(500_000);
    assert.equal(registrar.bindings[0]?.expiresAt && registrar.bindings[0].expiresAt > world.clock.now(), true);
    assert.equal(registrar.nonces, 1, "a refresh counts nc up in place of a new challenge");

    const gone = agent.unregister();
    await world.pass(1000);
    await gone;
    assert.deepEqual(registrar.bindings, []);
    assert.deepEqual(story(agent).slice(0, 4), ["sent REGISTER", "received 401", "sent REGISTER", "received 200"]);
    await agent.close();
    assert.deepEqual(world.errors, []);
  });
}

test("a stale nonce costs one more challenge", async () => {
  const world = new World();
  const registrar = await TestRegistrar.start(world);
  const agent = await UserAgent.start({ ...settings, expires: 100 }, world);
  agent.register();
  await world.pass(1000);
  registrar.forget();
  await world.pass(100_000);
  assert.equal(registrar.nonces, 2);
  assert.equal(agent.registered, 100);
  await agent.close();
});

test("a wrong password is refused after one attempt, and says so", async () => {
  const world = new World();
  await TestRegistrar.start(world);
  const agent = await UserAgent.start({ ...settings, secret: { username: "alice", password: "wrong" } }, world);
  const refused = assert.rejects(
    agent.register(),
    (error: unknown) => error instanceof RegistrationFailed && error.status === 401,
  );
  await world.pass(1000);
  await refused;
  assert.deepEqual(story(agent), ["sent REGISTER", "received 401", "sent REGISTER", "received 401"]);
  await agent.close();
});

test("an interval that is too brief is asked for again as the registrar wants it", async () => {
  const world = new World();
  const registrar = await TestRegistrar.start(world);
  registrar.minExpires = 300;
  const agent = await UserAgent.start({ ...settings, expires: 100 }, world);
  const registered = agent.register();
  await world.pass(1000);
  assert.equal(await registered, 300);
  await agent.close();
});

test("lost requests are sent again, a registrar that is away is found again", async () => {
  const world = new World();
  const registrar = await TestRegistrar.start(world);
  const agent = await UserAgent.start({ ...settings, expires: 100 }, world);
  let lost = 0;
  world.lose = (text) => text.startsWith("REGISTER") && lost++ < 2;
  const registered = agent.register();
  await world.pass(3000);
  assert.equal(await registered, 100);
  assert.deepEqual(story(agent).slice(0, 3), ["sent REGISTER", "sent REGISTER again", "sent REGISTER again"]);

  world.lose = (text) => text.startsWith("REGISTER");
  await world.pass(200_000);
  assert.equal(agent.registered, 0);
  world.lose = () => false;
  await world.pass(100_000);
  assert.equal(agent.registered, 100);
  assert.equal(registrar.bindings.length, 1);
  await agent.close();
});
