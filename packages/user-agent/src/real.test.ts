import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, systemRandom } from "@sipmesh/environment";
import { systemNetwork } from "@sipmesh/transport";
import { ladder, merged } from "./ladder.ts";
import type { Surroundings } from "./surroundings.ts";
import { UserAgent } from "./user-agent.ts";

for (const transport of ["udp", "tcp"] as const) {
  test(`two phones talk over real sockets (${transport})`, async () => {
    const errors: unknown[] = [];
    const clock = systemClock((error) => errors.push(error));
    const surroundings: Surroundings = {
      clock,
      random: systemRandom(),
      network: systemNetwork(),
      report: (error) => errors.push(error),
    };
    const local = { address: "127.0.0.1" };
    const bob = await UserAgent.start(
      {
        addressOfRecord: "sip:bob@example.com",
        server: { address: "127.0.0.1", port: 9 },
        transport,
        local,
        tone: 660,
      },
      surroundings,
    );
    const alice = await UserAgent.start(
      { addressOfRecord: "sip:alice@example.com", server: bob.local, transport, local, tone: 440 },
      surroundings,
    );
    bob.onCall((call) => {
      call.ring();
      clock.after(100, () => call.answer());
    });
    const call = await alice.call("bob");
    assert.equal(await call.established, true);
    const [answered] = bob.calls;
    await new Promise<void>((resolve) => clock.after(1500, resolve));
    assert.ok(call.hears(660) > 0.8, `${call.hears(660)}`);
    assert.ok((answered?.hears(440) ?? 0) > 0.8);
    assert.equal(call.report.lost, 0);
    assert.ok(call.report.received > 60);
    call.hangUp();
    assert.deepEqual(await answered?.ended, { by: "remote" });
    const story = ladder(
      merged(
        [
          { participant: "alice", messages: alice.log },
          { participant: "bob", messages: bob.log },
        ],
        (peer) => (peer.port === bob.local.port ? "bob" : "alice"),
      ),
    );
    assert.equal(story.match(/INVITE sip:bob/g)?.length, 1);
    await alice.close();
    await bob.close();
    clock.close();
    assert.deepEqual(errors, []);
  });
}
