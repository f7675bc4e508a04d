import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { freePort, type Platform, Sipp } from "@sipmesh/drivers";
import { newFolder } from "./clients.ts";
import { inEveryShape } from "./shapes.ts";

const LIMIT = 20;
const OFFERED = 60;
const SECONDS = 20;
/** Emergency calls a second, besides. */
const EMERGENCIES = 2;
const scenario = (name: string) => new URL(`../scenarios/${name}.xml`, import.meta.url).pathname;

/** What came of the calls of one caller. */
interface Outcome {
  readonly completed: number;
  readonly refused: number;
  /** Set up after two seconds or more: their callers have asked three times. */
  readonly late: number;
  readonly failed: number;
  readonly unexpected: number;
}

const none: Outcome = { completed: 0, refused: 0, late: 0, failed: 0, unexpected: 0 };
const add = (one: Outcome, other: Outcome): Outcome => ({
  completed: one.completed + other.completed,
  refused: one.refused + other.refused,
  late: one.late + other.late,
  failed: one.failed + other.failed,
  unexpected: one.unexpected + other.unexpected,
});

inEveryShape(
  "more calls than the limit",
  {
    needs: ["sipp"],
    platform: { authenticate: false, config: { edge: { overload: { callsPerSecond: LIMIT } } } },
  },
  (platform) => {
    it(`of ${OFFERED} calls a second carries ${LIMIT}, none of them late, and answers the others 503; emergency calls all pass`, async () => {
      const folder = newFolder();
      const callee = await startCallee(platform(), folder, ["bob", "112"]);
      const edges = platform().sipPorts;
      // A balancer spreads callers over the edges, and each edge has its part of the limit.
      const callers = await Promise.all(
        edges.map((port) => start("bob", folder, port, callee.port, OFFERED / edges.length)),
      );
      const emergencies = await start("112", folder, edges[0] as number, callee.port, EMERGENCIES);
      try {
        const outcome = (await Promise.all(callers.map(outcomeOf))).reduce(add, none);
        const offered = OFFERED * SECONDS;
        assert.deepEqual({ ...outcome, completed: 0, refused: 0 }, none, callers.map((one) => one.errors()).join("\n"));
        assert.equal(outcome.completed + outcome.refused, offered);
        // A second's worth may come at once, and every emergency call takes the place of another.
        assert.ok(outcome.completed >= 16 * SECONDS, `${outcome.completed} of ${offered} completed`);
        assert.ok(outcome.completed <= LIMIT * (SECONDS + 2), `${outcome.completed} of ${offered} completed`);
        assert.deepEqual(
          await outcomeOf(emergencies),
          { ...none, completed: EMERGENCIES * SECONDS },
          emergencies.errors(),
        );
        assert.equal(await platform().metric("sipmesh_edge_refused_total", { reason: "rate" }), outcome.refused);
        const answered = await callee.sipp.stop();
        assert.deepEqual([answered.failed, answered.unexpected], [0, 0], callee.sipp.errors());
        await platform().until(async () => (await platform().metric("sipmesh_edge_calls_setting_up")) === 0, 10_000);
      } finally {
        await Promise.all([...callers, emergencies, callee.sipp].map(({ program }) => program.kill()));
      }
    });
  },
);

async function startCallee(platform: Platform, folder: string, users: readonly string[]) {
  const port = await freePort();
  const file = join(folder, "callees.csv");
  writeFileSync(file, `SEQUENTIAL\n${users.map((user) => `${user};${port}\n`).join("")}`);
  const registration = new Sipp({
    scenario: scenario("register"),
    folder,
    name: "register",
    remote: platform.server,
    port: await freePort(),
    calls: users.length,
    users: file,
  });
  assert.equal((await registration.done(10_000)).successful, users.length, registration.errors());
  const sipp = new Sipp({ scenario: scenario("callee"), folder, name: "callee", port });
  await pause(300);
  return { sipp, port };
}

async function start(whom: string, folder: string, edge: number, calleePort: number, rate: number): Promise<Sipp> {
  const name = `${whom}-at-${edge}`;
  const users = join(folder, `${name}.csv`);
  writeFileSync(users, `SEQUENTIAL\n${whom};${calleePort}\n`);
  return new Sipp({
    scenario: scenario("refusable-caller"),
    folder,
    name,
    remote: `127.0.0.1:${edge}`,
    port: await freePort(),
    rate,
    calls: rate * SECONDS,
    users,
  });
}

async function outcomeOf(caller: Sipp): Promise<Outcome> {
  const { failed, unexpected } = await caller.done((SECONDS + 40) * 1_000);
  return {
    completed: caller.column("GenericCounter1(C)"),
    refused: caller.column("GenericCounter2(C)"),
    late: caller.column("ResponseTimeRepartitionsetup_>=2000"),
    failed,
    unexpected,
  };
}
