import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Sipp } from "@sipmesh/drivers";
import { commandFor, OUTSIDE } from "./surroundings.ts";
import { until } from "./until.ts";

const CALLEE = 7_060;
const CALLER = 7_062;
const REGISTRAR = 7_064;
const CALLS = 5;

/** A scenario of test/scenarios. */
const scenario = (name: string): string => new URL(`../scenarios/${name}.xml`, import.meta.url).pathname;

/**
 * A phone outside registers without a password, and another one calls it, five times; SIPp sees nothing amiss.
 *
 * @param remote where the platform is reached, `address:port`
 * @returns the Call-ID of the first call
 */
export async function callFromOutside(remote: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "sipmesh-outside-"));
  const users = join(folder, "users.csv");
  writeFileSync(users, `SEQUENTIAL\nbob;${CALLEE}\n`);
  const here = { folder, within: commandFor("outside"), address: OUTSIDE };
  const there = { ...here, remote, users };
  // Who routes asks for the domains now and then: former ones may hold for a while.
  let attempts = 0;
  await until(
    async () => {
      const name = `register-${attempts++}`;
      const register = new Sipp({ ...there, scenario: scenario("register"), name, port: REGISTRAR, calls: 1 });
      return (await register.done(40_000)).successful === 1 ? true : undefined;
    },
    60_000,
    "the phone registers without a password",
  );
  const ends = folder.slice(-6);
  const callee = new Sipp({ ...here, scenario: scenario("callee"), name: "callee", port: CALLEE });
  const caller = new Sipp({
    ...there,
    scenario: scenario("caller"),
    name: "caller",
    port: CALLER,
    rate: 1,
    calls: CALLS,
    extra: ["-cid_str", `%u-${ends}@outside`],
  });
  const placed = await caller.done(90_000);
  const received = await callee.stop();
  assert.deepEqual(
    { successful: placed.successful, failed: placed.failed, unexpected: placed.unexpected },
    { successful: CALLS, failed: 0, unexpected: 0 },
    `${caller.errors()}\n${callee.errors()}`,
  );
  assert.equal(received.failed, 0, callee.errors());
  rmSync(folder, { recursive: true });
  return `1-${ends}@outside`;
}
