import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Capture, freePort, Sipp } from "@sipmesh/drivers";
import { newFolder } from "./clients.ts";
import { inEveryShape } from "./shapes.ts";

const RATE = 100;
const SECONDS = 60;
const scenario = (name: string) => new URL(`../scenarios/${name}.xml`, import.meta.url).pathname;

inEveryShape("a busy hour", { needs: ["sipp", "tshark"], platform: { authenticate: false } }, (platform) => {
  it(`carries ${RATE} calls per second for ${SECONDS} s: none fails, nothing unexpected`, async () => {
    const folder = newFolder();
    const users = join(folder, "users.csv");
    const calleePort = await freePort();
    const remote = platform().server;
    writeFileSync(users, `SEQUENTIAL\nbob;${calleePort}\n`);
    const registration = new Sipp({
      scenario: scenario("register"),
      folder,
      name: "register",
      remote,
      port: await freePort(),
      calls: 1,
      users,
    });
    assert.equal((await registration.done(10_000)).successful, 1, registration.errors());

    const callee = new Sipp({ scenario: scenario("callee"), folder, name: "callee", port: calleePort });
    await pause(300);
    // A short capture of the same traffic: a minute of it would be Wireshark's load, not ours.
    const capture = await Capture.start({ folder, name: "load", sipPorts: [platform().sipPort] });
    const caller = new Sipp({
      scenario: scenario("caller"),
      folder,
      name: "caller",
      remote,
      port: await freePort(),
      rate: RATE,
      calls: RATE * SECONDS,
      users,
    });
    try {
      await pause(3_000);
      await capture.stop();
      const counts = await caller.done((SECONDS + 40) * 1_000);
      assert.deepEqual(
        {
          successful: counts.successful,
          failed: counts.failed,
          unexpected: counts.unexpected,
          outOfCall: counts.outOfCall,
        },
        { successful: RATE * SECONDS, failed: 0, unexpected: 0, outOfCall: 0 },
        caller.errors(),
      );
      const answered = await callee.stop();
      assert.equal(answered.failed, 0, callee.errors());
      assert.equal(answered.unexpected, 0, callee.errors());
    } finally {
      await Promise.all([caller.program.kill(), callee.program.kill()]);
    }
    assert.deepEqual(await capture.malformed([platform().sipPort]), []);
    await platform().until(async () => (await platform().mediaSessions()) === 0, 10_000);
  });
});
