// Two built-in phones that talk through a platform, run where phones are: `node talking-phones.ts ADDRESS:PORT DOMAIN NAME
// CALLS`.
// Tells what happens as lines of JSON: "talking" once every call hears the other side; then, for each word on standard
// input, what came of it: "hold" (every call held and taken up again), "gaps" (the longest silence in milliseconds since
// it was asked last), "end" (all hang up).
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock, systemRandom } from "@sipmesh/environment";
import { systemNetwork } from "@sipmesh/transport";
import { type Call, type OutgoingCall, UserAgent } from "@sipmesh/user-agent";

/** How often each call's ear is looked at, in milliseconds. */
const LOOK = 20;
/** Milliseconds that a phone waits for the other's tone. */
const PATIENCE = 20_000;

const [server = "", domain = "", name = "", count = "1"] = process.argv.slice(2);
const [, address = "", port = ""] = /^(.*):(\d+)$/.exec(server) ?? [];
const tell = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);
const clock = systemClock((error) => tell({ error: String(error) }));
const surroundings = {
  clock,
  random: systemRandom(),
  network: systemNetwork(),
  report: (error: unknown) => tell({ error: String(error) }),
};

async function phone(user: string, tone: number): Promise<UserAgent> {
  const agent = await UserAgent.start(
    {
      addressOfRecord: `sip:${user}-${name}@${domain}`,
      server: { address, port: Number(port) },
      transport: "udp",
      tone,
      mostCalls: 100,
    },
    surroundings,
  );
  await agent.register();
  return agent;
}

/** Follows what one end of a call hears. */
class Ear {
  readonly call: Call;
  #received = 0;
  #since = performance.now();
  longest = 0;

  constructor(call: Call) {
    this.call = call;
  }

  look(): void {
    const now = performance.now();
    this.longest = Math.max(this.longest, now - this.#since);
    const { received } = this.call.report;
    if (received === this.#received) return;
    this.#received = received;
    this.#since = now;
  }

  get hears(): boolean {
    return this.#received > 0;
  }
}

const caller = await phone("alice", 440);
const callee = await phone("bob", 620);
callee.onCall((call) => call.answer());
const placed: OutgoingCall[] = [];
for (let number = 0; number < Number(count); number++) {
  const call = await caller.call(`bob-${name}`);
  if (!(await call.established)) throw new Error(`call ${number} was not established: ${JSON.stringify(call.end)}`);
  placed.push(call);
}
const ears = [...caller.calls, ...callee.calls].map((call) => new Ear(call));
setInterval(() => {
  for (const ear of ears) ear.look();
}, LOOK);
const end = performance.now() + PATIENCE;
while (!ears.every(({ hears }) => hears)) {
  if (performance.now() > end) {
    const deaf = ears.filter(({ hears }) => !hears).map(({ call }) => ({ [call.direction]: call.remoteMedia }));
    throw new Error(`somebody hears nothing: ${JSON.stringify(deaf)}`);
  }
  await pause(LOOK);
}
for (const ear of ears) ear.longest = 0;
tell({ talking: placed.length });

for await (const word of createInterface({ input: process.stdin })) {
  if (word === "hold") {
    const held = await Promise.all(placed.map((call) => call.hold(true)));
    const takenUp = await Promise.all(placed.map((call) => call.hold(false)));
    tell({ held: held.filter(Boolean).length, takenUp: takenUp.filter(Boolean).length });
  } else if (word === "gaps") {
    // What is missing now counts, too.
    await pause(500);
    const gaps = ears.map(({ longest }) => Math.round(longest));
    for (const ear of ears) ear.longest = 0;
    tell({ longest: Math.max(...gaps), alive: ears.filter(({ call }) => call.state === "established").length / 2 });
  } else if (word === "end") {
    for (const call of placed) call.hangUp();
    await Promise.all(ears.map(({ call }) => call.ended));
    tell({ ended: placed.length });
    process.exit(0);
  }
}
