import assert from "node:assert/strict";
import { test } from "node:test";
import type { IncomingCall } from "./incoming-call.ts";
import type { CallOptions, OutgoingCall } from "./outgoing-call.ts";
import type { UserAgentSettings } from "./settings.ts";
import { World } from "./testing/world.ts";
import { UserAgent } from "./user-agent.ts";

/** Two phones that call one another without a platform between them. */
class Phones {
  readonly world = new World();
  readonly transport: "udp" | "tcp";
  alice!: UserAgent;
  bob!: UserAgent;
  call!: OutgoingCall;
  incoming: IncomingCall | undefined;

  constructor(transport: "udp" | "tcp" = "udp") {
    this.transport = transport;
  }

  async start(tones: Pick<UserAgentSettings, "tone"> = { tone: false }): Promise<this> {
    const settings = (user: string, port: number, peer: number): UserAgentSettings => ({
      addressOfRecord: `sip:${user}@example.com`,
      server: { address: "127.0.0.1", port: peer },
      transport: this.transport,
      local: { port },
      ...tones,
    });
    this.alice = await UserAgent.start(settings("alice", 5061, 5062), this.world);
    this.bob = await UserAgent.start(settings("bob", 5062, 5061), this.world);
    this.bob.onCall((call) => {
      this.incoming = call;
    });
    return this;
  }

  async dial(options: CallOptions = {}): Promise<this> {
    this.call = await this.alice.call("bob", options);
    await this.world.pass(100);
    return this;
  }

  async talk(options: CallOptions = {}): Promise<this> {
    await this.dial(options);
    this.incoming?.ring();
    await this.world.pass(1000);
    this.incoming?.answer();
    await this.world.pass(100);
    assert.equal(this.call.state, "established");
    assert.equal(this.incoming?.state, "established");
    return this;
  }

  /** Nothing is left of anything. */
  async end(): Promise<void> {
    await this.world.pass(200_000);
    for (const phone of [this.alice, this.bob]) {
      assert.equal(phone.transactions, 0);
      assert.deepEqual(phone.calls, []);
      await phone.close();
    }
    await this.world.pass(100);
    assert.equal(this.world.pending, 0);
    assert.deepEqual(this.world.errors, []);
  }

  story(phone: UserAgent): string[] {
    return phone.log.map(({ direction, line, again, cseq }) => {
      const method = cseq.slice(cseq.indexOf(" ") + 1);
      const word = line.startsWith("SIP/2.0") ? `${line.slice(8, 11)} ${method}` : method;
      return `${direction} ${word}${again ? " again" : ""}`;
    });
  }
}

for (const transport of ["udp", "tcp"] as const) {
  test(`a call over ${transport}: it rings, is answered, is hung up by the caller`, async () => {
    const phones = await (await new Phones(transport).start()).talk();
    phones.call.hangUp();
    await phones.world.pass(100);
    assert.deepEqual(phones.call.end, { by: "local" });
    assert.deepEqual(phones.incoming?.end, { by: "remote" });
    assert.deepEqual(phones.story(phones.alice), [
      "sent INVITE",
      "received 180 INVITE",
      "received 200 INVITE",
      "sent ACK",
      "sent BYE",
      "received 200 BYE",
    ]);
    assert.equal(await phones.call.established, true);
    await phones.end();
  });
}

test("the callee hangs up", async () => {
  const phones = await (await new Phones().start()).talk();
  phones.incoming?.hangUp();
  await phones.world.pass(100);
  assert.deepEqual(phones.call.end, { by: "remote" });
  assert.deepEqual(phones.incoming?.end, { by: "local" });
  await phones.end();
});

test("the session may be offered by the callee and answered in the ACK", async () => {
  const phones = await (await new Phones().start({ tone: 440 })).talk({ offerless: true });
  await phones.world.pass(2000);
  assert.ok(phones.call.report.received > 90);
  assert.ok((phones.incoming?.report.received ?? 0) > 90);
  phones.call.hangUp();
  await phones.end();
});

test("audio flows both ways: what one plays the other hears, and knows of no loss", async () => {
  const phones = await (await new Phones().start({ tone: 523 })).talk();
  await phones.world.pass(6000);
  for (const call of [phones.call, phones.incoming as IncomingCall]) {
    assert.ok(call.report.received > 290, `${call.report.received} packets`);
    assert.equal(call.report.lost, 0);
    assert.ok(call.report.jitter < 1);
    assert.ok(call.hears(523) > 0.9);
    assert.ok(call.hears(440) < 0.1);
    assert.equal(call.report.peer?.lost, 0);
  }
  phones.call.hangUp();
  await phones.end();
});

test("packets that the network loses are counted", async () => {
  const phones = await new Phones().start({ tone: 440 });
  let packets = 0;
  phones.world.lose = (text) => text.charCodeAt(0) === 0x80 && packets++ % 9 === 8;
  await phones.talk();
  await phones.world.pass(10_000);
  const { received, lost } = phones.call.report;
  assert.ok(Math.abs(lost - (received + lost) / 9) <= 10, `${lost} of ${received + lost}`);
  phones.call.hangUp();
  await phones.end();
});

test("a call is held, and no longer", async () => {
  const phones = await (await new Phones().start({ tone: 440 })).talk();
  const held = phones.call.hold(true);
  await phones.world.pass(100);
  assert.equal(await held, true);
  assert.equal(phones.incoming?.remoteDirection, "sendonly");
  assert.equal(phones.call.remoteDirection, "recvonly");
  const before = [phones.call.report, phones.incoming?.report].map((report) => report?.sent);
  await phones.world.pass(1000);
  assert.deepEqual(
    [phones.call.report, phones.incoming?.report].map((report) => report?.sent),
    before,
  );
  const resumed = phones.call.hold(false);
  await phones.world.pass(100);
  assert.equal(await resumed, true);
  await phones.world.pass(1000);
  assert.ok(phones.call.report.sent > (before[0] ?? 0) + 40);
  assert.ok((phones.incoming?.report.sent ?? 0) > (before[1] ?? 0) + 40);
  phones.call.hangUp();
  await phones.end();
});

test("two offers at once: both are answered 491, the session stays as it was (section 14.2)", async () => {
  const phones = await (await new Phones().start()).talk();
  const both = Promise.all([phones.call.hold(true), phones.incoming?.hold(true)]);
  await phones.world.pass(100);
  assert.deepEqual(await both, [false, false]);
  const after = phones.call.hold(true);
  await phones.world.pass(100);
  assert.equal(await after, true);
  phones.call.hangUp();
  await phones.end();
});

test("a call that is refused ends with the status", async () => {
  const phones = await (await new Phones().start()).dial();
  phones.incoming?.reject(603);
  await phones.world.pass(100);
  assert.deepEqual(phones.call.end, { by: "remote", status: 603 });
  assert.equal(await phones.call.established, false);
  assert.deepEqual(await phones.call.ended, { by: "remote", status: 603 });
  await phones.end();
});

test("nobody there to take a call: 480", async () => {
  const phones = await new Phones().start();
  phones.call = await phones.bob.call("alice");
  await phones.world.pass(100);
  assert.deepEqual(phones.call.end, { by: "remote", status: 480 });
  await phones.end();
});

test("a ringing call is cancelled", async () => {
  const phones = await (await new Phones().start()).dial();
  phones.incoming?.ring();
  await phones.world.pass(100);
  phones.call.hangUp();
  await phones.world.pass(100);
  assert.deepEqual(phones.incoming?.end, { by: "remote", status: 487 });
  assert.deepEqual(phones.call.end, { by: "local", status: 487 });
  assert.deepEqual(phones.story(phones.alice).slice(2), [
    "sent CANCEL",
    "received 487 INVITE",
    "sent ACK",
    "received 200 CANCEL",
  ]);
  await phones.end();
});

test("a CANCEL waits for the first provisional response (section 9.1)", async () => {
  const phones = await new Phones().start();
  phones.world.lose = (text) => text.startsWith("INVITE");
  await phones.dial();
  phones.call.hangUp();
  await phones.world.pass(300);
  assert.ok(!phones.story(phones.alice).includes("sent CANCEL"));
  phones.world.lose = () => false;
  await phones.world.pass(2000);
  assert.deepEqual(phones.call.end, { by: "local", status: 487 });
  await phones.end();
});

test("a CANCEL that is never followed by a final response: the call is over after 32 s, and nothing is left", async () => {
  const phones = await (await new Phones().start()).dial();
  phones.incoming?.ring();
  await phones.world.pass(100);
  phones.world.lose = () => true;
  phones.call.hangUp();
  await phones.world.pass(33_000);
  assert.deepEqual(phones.call.end, { by: "local", status: 408 });
  assert.equal(phones.alice.transactions, 0);
  phones.world.lose = () => false;
  phones.incoming?.reject();
  await phones.end();
});

test("CANCEL and 2xx cross: the call is acknowledged and hung up", async () => {
  const phones = await (await new Phones().start()).dial();
  phones.incoming?.ring();
  await phones.world.pass(100);
  phones.incoming?.answer();
  phones.call.hangUp();
  await phones.world.pass(1000);
  assert.equal(phones.call.end?.by, "local");
  assert.deepEqual(phones.incoming?.end, { by: "remote" });
  assert.deepEqual(
    phones.story(phones.alice).filter((line) => /ACK|BYE/.test(line)),
    ["sent ACK", "sent BYE", "received 200 BYE"],
  );
  await phones.end();
});

test("a lost 2xx, a lost ACK: both come again until the other side has them (section 13.3.1.4)", async () => {
  const phones = await new Phones().start();
  const lost = { ok: 0, ack: 0 };
  phones.world.lose = (text) =>
    (text.startsWith("SIP/2.0 200") && lost.ok++ < 2) || (text.startsWith("ACK") && lost.ack++ < 2);
  await phones.dial();
  phones.incoming?.answer();
  await phones.world.pass(20_000);
  assert.equal(phones.call.state, "established");
  phones.call.hangUp();
  await phones.world.pass(1000);
  assert.equal(phones.incoming?.state, "ended");
  await phones.end();
});

test("an ACK that never comes ends the call with a BYE", async () => {
  const phones = await new Phones().start();
  phones.world.lose = (text) => text.startsWith("ACK");
  await phones.dial();
  phones.incoming?.answer();
  await phones.world.pass(40_000);
  assert.deepEqual(phones.incoming?.end, { by: "failure" });
  assert.deepEqual(phones.call.end, { by: "remote" });
  await phones.end();
});

test("a server that is silent: the call ends after 32 s", async () => {
  const phones = await new Phones().start();
  phones.world.lose = () => true;
  await phones.dial();
  await phones.world.pass(40_000);
  assert.deepEqual(phones.call.end, { by: "failure", status: 408 });
  await phones.end();
});

test("a TCP connection that cannot be made ends the call at once", async () => {
  const phones = await new Phones("tcp").start();
  await phones.bob.close();
  await phones.dial();
  assert.deepEqual(phones.call.end, { by: "failure", status: 503 });
  await phones.alice.close();
});

test("what is not understood is answered: 405, 420, 481, and OPTIONS 200", async () => {
  const phones = await new Phones().start();
  const statuses = [
    phones.alice.request("OPTIONS", "bob"),
    phones.alice.request("SUBSCRIBE", "bob"),
    phones.alice.request("OPTIONS", "bob", [["Require", "nothing-supports-this"]]),
  ];
  await phones.world.pass(1000);
  assert.deepEqual(await Promise.all(statuses), [200, 405, 420]);
  await phones.end();
});

test("more calls than it can hold are answered 486", async () => {
  const phones = await new Phones().start();
  const calls: OutgoingCall[] = [];
  for (let i = 0; i < 9; i++) calls.push(await phones.alice.call("bob"));
  await phones.world.pass(100);
  assert.deepEqual(
    calls.map((call) => call.end?.status),
    [...Array(8).fill(undefined), 486],
  );
  for (const call of calls) call.hangUp();
  await phones.world.pass(1000);
  await phones.end();
});
