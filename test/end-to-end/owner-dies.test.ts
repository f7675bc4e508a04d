import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { freePort, missing, type Platform, Sipp, startPlatform } from "@sipmesh/drivers";
import { newFolder } from "./clients.ts";
import { type Call, Phone, sdp } from "./wire/phone.ts";
import type { SipText } from "./wire/sip-text.ts";

/** Calls at the same time: each process owns some of them, but with a chance of 2 in 65,536. */
const CALLS = 16;
const OPEN = { domain: "open.test", proves: false } as const;
const HEALED = 15_000;

describe("an owner of calls goes (split)", { skip: missing("nats-server") }, () => {
  const withSipp = { skip: missing("sipp") };
  let platform: Platform;

  before(async () => {
    const domain = { name: OPEN.domain, ownAddresses: true, authenticate: false, openToStrangers: true, anyUser: true };
    platform = await startPlatform({ shape: "split", config: { directory: { domains: [domain] } } });
  });
  after(async () => {
    await platform?.stop();
  });

  for (const transport of ["UDP", "TCP"] as const) {
    for (const how of ["dies", "leaves"] as const) {
      describe(`it ${how} while calls ring, over ${transport}`, () => {
        let caller: Phone;
        let callee: Phone;
        let calls: { call: Call; invite: SipText }[];

        before(async () => {
          caller = await Phone.open(platform, "alice", { ...OPEN, transport });
          callee = await Phone.open(platform, `bob-${how}-${transport}`, { ...OPEN, transport });
          assert.equal((await callee.register()).status, 200);
          calls = [];
          for (let number = 0; number < CALLS; number++) {
            const call = await caller.invite(callee.user);
            const invite = await callee.next("INVITE", call.callId);
            callee.reply(invite, 180);
            await call.next("180");
            calls.push({ call, invite });
          }
          if (how === "dies") await platform.killOne("transaction");
          else await platform.leaveOne("transaction");
        });
        after(async () => {
          caller.close();
          callee.close();
          await platform.resumeOne("transaction");
        });

        it("its calls go on at the other one", async () => {
          await platform.until(async () => (await platform.metric("sipmesh_calls_in_setup")) === CALLS, HEALED);
        });

        it("an answer that comes later reaches the caller, and the call can be ended", async () => {
          for (const { call, invite } of calls.slice(0, CALLS / 2)) {
            callee.reply(invite, 200, { body: sdp(7_000) });
            const dialog = await call.answered();
            await callee.next("ACK", call.callId);
            await dialog.hangUp(callee);
          }
        });

        it("CANCEL ends the others, and each caller hears one final response", async () => {
          for (const { call, invite } of calls.slice(CALLS / 2)) {
            call.cancel();
            callee.reply(await callee.next("CANCEL", call.callId), 200);
            callee.reply(invite, 487);
            assert.equal((await call.fails()).status, 487);
          }
          for (const { call } of calls) {
            const finals = new Set(
              [200, 408, 480, 487, 500, 503].filter((status) => caller.heard(`${status} INVITE`, call.callId) > 0),
            );
            assert.equal(finals.size, 1, `${call.callId} heard ${[...finals]}`);
          }
        });
      });
    }
  }

  it("one dies, comes back, the other leaves, under load: no call fails, nothing unexpected", withSipp, () =>
    underLoad(500, async (placed) => {
      await placed(60);
      await platform.killOne("transaction", 1);
      await placed(200);
      await platform.resumeOne("transaction", 1);
      await placed(300);
      await platform.leaveOne("transaction", 0);
      await platform.resumeOne("transaction", 0);
    }),
  );

  it(
    "one hangs for seconds, is taken for dead, and wakes up under load: no call fails, nothing unexpected",
    withSipp,
    () =>
      underLoad(250, async (placed) => {
        await placed(60);
        await platform.freezeOne("transaction", 0);
        await placed(140);
        platform.thawOne("transaction", 0);
      }),
  );

  /** Calls of SIPp at 20 a second, of which none may fail. */
  async function underLoad(calls: number, disaster: (placed: (count: number) => Promise<void>) => Promise<void>) {
    const folder = newFolder();
    const users = join(folder, "users.csv");
    const scenario = (path: string) => new URL(`../${path}.xml`, import.meta.url).pathname;
    const calleePort = await freePort();
    writeFileSync(users, `SEQUENTIAL\nbob;${calleePort}\n`);
    const common = { folder, remote: platform.server, users };
    const register = new Sipp({
      ...common,
      scenario: scenario("scenarios/register"),
      name: "register",
      port: await freePort(),
      calls: 1,
    });
    assert.equal((await register.done(10_000)).successful, 1, register.errors());
    const callee = new Sipp({
      scenario: scenario("cluster/scenarios/callee"),
      folder,
      name: "callee",
      port: calleePort,
      extra: ["-d", "300", "-pause_msg_ign"],
    });
    const caller = new Sipp({
      ...common,
      scenario: scenario("cluster/scenarios/caller"),
      extra: ["-d", "2000"],
      name: "caller",
      port: await freePort(),
      rate: 20,
      calls,
    });
    try {
      await disaster((count) => platform.until(async () => caller.counts().created >= count, 30_000));
      const { successful, failed, unexpected } = await caller.done(90_000);
      assert.deepEqual(
        { successful, failed, unexpected },
        { successful: calls, failed: 0, unexpected: 0 },
        `${caller.errors()}\n${callee.errors()}`,
      );
      const answered = await callee.stop();
      assert.equal(answered.failed, 0, callee.errors());
    } finally {
      await Promise.all([caller.program.kill(), callee.program.kill()]);
    }
  }
});
