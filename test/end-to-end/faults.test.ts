import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { missing, type Platform, RawPhone, startPlatform } from "@sipmesh/drivers";

/** The caller is told within this time, in milliseconds. */
const BOUND = 8_000;

describe("a part that is away (split)", { skip: missing("nats-server") }, () => {
  let platform: Platform;
  let caller: RawPhone;
  let callee: RawPhone;

  before(async () => {
    platform = await startPlatform({ shape: "split", authenticate: false });
    caller = await RawPhone.open(platform, "alice");
    callee = await RawPhone.open(platform, "bob");
    assert.equal(await callee.register(), 200);
  });
  after(async () => {
    caller?.close();
    callee?.close();
    await platform?.stop();
  });

  const callFails = async () => {
    const status = await caller.callOnce("bob", BOUND);
    assert.ok(status === 503 || status === 500, `answered ${status}`);
  };
  const callWorks = () => platform.until(async () => (await caller.callOnce("bob", BOUND)) === 200, 30_000);

  it("answers 200 while all is well", async () => {
    await callWorks();
  });

  for (const target of ["location", "media", "routing", "transaction"]) {
    it(`answers 503 or 500 while every ${target} is dead, and heals when it is back`, async () => {
      await platform.kill(target);
      await platform.until(async () => [500, 503].includes(await caller.callOnce("bob", BOUND)), 20_000);
      await callFails();
      await platform.resume(target);
      await callWorks();
    });
  }

  it("answers 503 or 500 while NATS is dead, heals when it is back, and has lost no confirmed registration", async () => {
    await platform.nats?.kill();
    await platform.until(async () => [500, 503].includes(await caller.callOnce("bob", BOUND)), 20_000);
    await callFails();
    await platform.nats?.resume();
    await callWorks();
    assert.equal(await callee.registered(), 1, "the binding made before the fault is still there");
  });

  it("keeps confirmed registrations over kill −9 of every process", async () => {
    await platform.killEverything();
    await platform.resumeEverything();
    await platform.until(async () => (await callee.registered().catch(() => 0)) === 1, 30_000);
    await callWorks();
  });
});
