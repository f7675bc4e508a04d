import assert from "node:assert/strict";
import { test } from "node:test";
import { Name } from "@sipmesh/sip";
import { offerOf } from "./description.ts";
import { ChallengingCallee } from "./testing/challenging-callee.ts";
import { World } from "./testing/world.ts";
import { UserAgent } from "./user-agent.ts";

const body = offerOf({
  address: "127.0.0.1",
  port: 30_000,
  rtcpPort: 30_001,
  sessionId: 1,
  version: 1,
  laws: ["PCMA"],
  direction: "sendrecv",
});

async function call(
  password: string,
): Promise<{ world: World; callee: ChallengingCallee; state: string; status?: number }> {
  const world = new World();
  const callee = await ChallengingCallee.start(world, body);
  const alice = await UserAgent.start(
    {
      addressOfRecord: "sip:alice@example.com",
      secret: { username: "alice", password },
      server: { address: "127.0.0.1", port: 5060 },
      transport: "udp",
      tone: false,
    },
    world,
  );
  const made = await alice.call("bob");
  await world.pass(1000);
  const { state } = made;
  const status = made.end?.status;
  made.hangUp();
  await world.pass(1000);
  await alice.close();
  assert.deepEqual(world.errors, []);
  return { world, callee, state, ...(status === undefined ? {} : { status }) };
}

test("a challenged INVITE is sent again with credentials, which its ACK bears too (section 22.1)", async () => {
  const { callee, state } = await call("secret");
  assert.equal(state, "established");
  const [first, second, ack, bye] = callee.requests;
  assert.deepEqual(
    callee.requests.map((request) => request.method),
    // The ACK of the 407 is its transaction's.
    ["INVITE", "INVITE", "ACK", "BYE"],
  );
  assert.equal(first?.first(Name.ProxyAuthorization), undefined);
  assert.equal((second?.cseq.number ?? 0) - (first?.cseq.number ?? 0), 1);
  assert.notEqual(second?.via.branch, first?.via.branch);
  assert.equal(ack?.first(Name.ProxyAuthorization), second?.first(Name.ProxyAuthorization));
  assert.match(bye?.first(Name.ProxyAuthorization) ?? "", /nc=00000002/);
});

test("a wrong password ends the call with the 407", async () => {
  const { state, status } = await call("wrong");
  assert.equal(state, "ended");
  assert.equal(status, 407);
});
