import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Inbound, SendFailure } from "@sipmesh/bus";
import { type Request, response } from "@sipmesh/sip";
import { BindError } from "@sipmesh/transport";
import {
  MEMBER,
  type Phone,
  type Platform,
  requestText,
  startPlatform,
  tcpPhone,
  udpPhone,
  until,
  within,
} from "./testing/platform.ts";

let platform: Platform;
let phone: Phone;
const count = (name: string, labels = {}) => platform.telemetry.metrics.value(name, labels);

before(async () => {
  platform = await startPlatform({ keepAlive: { interval: 1 } });
  phone = await udpPhone(platform.port("udp"));
});
after(async () => {
  phone.close();
  await platform.stop();
});

test("the edge is ready once its OPTIONS to itself has passed", async () => {
  await until("ready", () => platform.service.ready().ok);
  assert.ok(count("sipmesh_edge_self_checks_total", { outcome: "passed" }) > 0);
});

test("a request reaches the owner with its source in the topmost Via (RFC 3581), else byte for byte, and its answer comes back", async () => {
  const text = requestText({
    via: `SIP/2.0/UDP 10.0.0.1:5062 ; rport;branch=z9hG4bK1;x="a;rport,b", SIP/2.0/TCP other`,
    headers: "X-Odd:   kept \r\nX-Odd: twice\r\n",
    body: "v=0\u00ff\u0000",
  });
  phone.send(text);
  const inbound = await platform.next();
  assert.equal(
    Buffer.from(inbound.raw).toString("latin1"),
    text.replace(
      ` ; rport;branch=z9hG4bK1;x="a;rport,b"`,
      ` ;rport=${phone.port};branch=z9hG4bK1;x="a;rport,b";received=127.0.0.1`,
    ),
  );
  assert.equal(inbound.message.via.rport, phone.port);
  assert.equal(inbound.message.via.received, "127.0.0.1");
  assert.deepEqual(inbound.message.list(1), [
    `SIP/2.0/UDP 10.0.0.1:5062 ;rport=${phone.port};branch=z9hG4bK1;x="a;rport,b";received=127.0.0.1`,
    "SIP/2.0/TCP other",
  ]);
  assert.deepEqual(inbound.message.named("X-Odd"), ["kept", "twice"]);
  assert.equal(inbound.membership, 7);
  assert.deepEqual(inbound.flow, {
    edge: platform.instance,
    transport: "udp",
    local: { address: "127.0.0.1", port: platform.port("udp") },
    remote: { address: "127.0.0.1", port: phone.port },
    connection: 0,
  });
  platform.reply(inbound, response(inbound.message as Request, 200));
  assert.match(await phone.next(), /^SIP\/2\.0 200 OK\r\n/);
});

test("what a sender itself writes as received or rport does not stand", async () => {
  phone.send(requestText({ via: "SIP/2.0/UDP 127.0.0.1;received=192.0.2.9;rport=99;branch=z9hG4bK2" }));
  const { message } = await platform.next();
  assert.equal(message.via.text, `SIP/2.0/UDP 127.0.0.1;rport=${phone.port};branch=z9hG4bK2;received=127.0.0.1`);
});

test("a sender that is seen under the address that it names is answered at the port that it names (RFC 3261 §18.2.2)", async () => {
  const other = await udpPhone(platform.port("udp"));
  phone.send(requestText({ via: `SIP/2.0/UDP 127.0.0.1:${other.port};branch=z9hG4bK3` }));
  const inbound = await platform.next();
  assert.equal(inbound.flow.remote.port, other.port);
  platform.reply(inbound, response(inbound.message as Request, 200));
  assert.match(await other.next(), /^SIP\/2\.0 200/);
  other.close();
});

test("header fields under the platform's own names are stripped", async () => {
  phone.send(
    requestText({
      via: "SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK4",
      headers: "x-SIPMESH-Identity: boss\r\nX-Sipm: stays\r\nX-Sipmesh-Trunk : yes\r\n",
    }),
  );
  const { raw } = await platform.next();
  const text = Buffer.from(raw).toString("latin1");
  assert.doesNotMatch(text, /x-sipmesh/i);
  assert.match(text, /X-Sipm: stays/);
});

test("who is asserted to call is passed on from trusted peers only (RFC 3325 section 5)", async () => {
  const headers = `P-Asserted-Identity: <sip:boss@example.com>\r\nX-Other: stays\r\n`;
  const heard = async (on: Platform, from: Phone) => {
    from.send(requestText({ via: "SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKpai", headers }));
    return Buffer.from((await on.next()).raw).toString("latin1");
  };
  assert.match(await heard(platform, phone), /P-Asserted-Identity: <sip:boss@example.com>\r\n/);
  const wary = await startPlatform({ screening: { trusted: [] } });
  const stranger = await udpPhone(wary.port("udp"));
  try {
    const text = await heard(wary, stranger);
    assert.doesNotMatch(text, /Asserted/);
    assert.match(text, /X-Other: stays/);
  } finally {
    stranger.close();
    await wary.stop();
  }
});

test("a malformed request is answered without state, its ACK absorbed; ACK and responses are never answered", async () => {
  const before = platform.inbound.length;
  const broken = requestText({
    method: "INVITE",
    via: "SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK5",
    callId: "broken",
  });
  phone.send(broken.replace("CSeq: 1 INVITE", "CSeq: 1 BYE"));
  const answer = await phone.next();
  assert.match(answer, /^SIP\/2\.0 400 /);
  const tag = /^To: .*;tag=(\S+)\r$/m.exec(answer)?.[1];
  assert.ok(tag);
  const absorbed = count("sipmesh_edge_dropped_total", { reason: "ack" });
  const ack = (toTag: string) =>
    requestText({ method: "ACK", via: "SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK5", callId: "broken", toTag });
  phone.send(ack(tag));
  await until("the ACK is absorbed", () => count("sipmesh_edge_dropped_total", { reason: "ack" }) === absorbed + 1);
  // One with a forged tag is somebody else's.
  phone.send(ack(`edge-${"a".repeat(13)}`));
  assert.equal((await platform.next()).message.to.tag, `edge-${"a".repeat(13)}`);
  const dropped = count("sipmesh_edge_dropped_total", { reason: "malformed" });
  phone.send(ack("x").replace("CSeq: 1 ACK", "CSeq: 1 BYE"));
  phone.send("SIP/2.0 200 OK\r\nVia: nonsense\r\n\r\n");
  phone.send("no SIP at all, and quite long at that");
  await until("all are dropped", () => count("sipmesh_edge_dropped_total", { reason: "malformed" }) === dropped + 3);
  assert.equal(phone.got.filter((text) => text.startsWith("SIP/2.0 400")).length, 1);
  assert.equal(platform.inbound.length, before + 1);
  assert.ok(count("sipmesh_edge_problems_total", { code: "cseq-method-mismatch" }) >= 2);
});

test("where no member lives a request is answered 503; not an ACK, nor what ends a call, which comes again", async (t) => {
  platform.owner = undefined;
  t.after(() => {
    platform.owner = MEMBER;
  });
  const before = count("sipmesh_edge_dropped_total", { reason: "no-member" });
  phone.send(requestText({ method: "ACK", via: "SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK6", callId: "lost" }));
  for (const method of ["BYE", "CANCEL"])
    phone.send(requestText({ method, via: `SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK${method}`, callId: "ends" }));
  await until("all are passed over", () => count("sipmesh_edge_dropped_total", { reason: "no-member" }) === before + 3);
  phone.send(requestText({ method: "INVITE", via: "SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK7", callId: "lost" }));
  const answer = await phone.next();
  assert.match(answer, /^SIP\/2\.0 503 /);
  assert.match(answer, /Call-ID: lost/);
  // The loopback is trusted: a trunk is not told to stay away.
  assert.doesNotMatch(answer, /Retry-After/);
});

test("what the bus gives up is answered 503, with Retry-After where the source is no trunk", async () => {
  const own = await startPlatform({ screening: { trusted: [] } });
  const stranger = await udpPhone(own.port("udp"));
  // Nobody here takes what is for this member.
  own.owner = "died-just-now";
  stranger.send(requestText({ via: "SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK8" }));
  const answer = await stranger.next();
  assert.match(answer, /^SIP\/2\.0 503 /);
  assert.match(answer, /\r\nRetry-After: 2\r\n/);
  assert.equal(own.telemetry.metrics.value("sipmesh_edge_dropped_total", { reason: "bus" }), 2);
  stranger.close();
  await own.stop();
});

test("a response over a connection that the bus gave up goes again: nobody else repeats it", async () => {
  const own = await startPlatform();
  const answering = await tcpPhone(own.port("tcp"));
  own.owner = "died-just-now";
  answering.socket.write(
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKr\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\n" +
      "Call-ID: answered-meanwhile\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n",
  );
  const dropped = () => own.telemetry.metrics.value("sipmesh_edge_dropped_total", { reason: "bus" }) ?? 0;
  await until("the bus has given it up", () => dropped() > 0);
  own.owner = MEMBER;
  const inbound = await own.next();
  assert.deepEqual([inbound.message.kind, inbound.message.callId], ["response", "answered-meanwhile"]);
  answering.socket.destroy();
  await own.stop();
});

test("a trusted peer is told no Retry-After with a 503, whoever says so", async () => {
  const unavailable = (status: number) => (inbound: Inbound) =>
    platform.reply(inbound, response(inbound.message as Request, status, { headers: [["Retry-After", "5"]] }));
  for (const [status, told] of [
    [503, false],
    [500, true],
  ] as const) {
    phone.send(requestText({ via: `SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKlater${status}` }));
    unavailable(status)(await platform.next());
    const answer = await phone.next();
    assert.ok(answer.startsWith(`SIP/2.0 ${status} `));
    assert.equal(answer.includes("Retry-After"), told);
    assert.match(answer, /\r\nCSeq: /);
  }
});

test("what cannot be sent is told to its sender: a flow of a former edge, a socket that is not ours, a refusal", async () => {
  const failures: SendFailure[] = [];
  const subscription = platform.bus.subscribe("sipmesh.transaction.test", (envelope) => {
    if (envelope.kind === "send-failure") failures.push(envelope);
  });
  const raw = Buffer.from(requestText({ via: "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK9" }));
  const local = { address: "127.0.0.1", port: platform.port("udp") };
  const remote = { address: "127.0.0.1", port: phone.port };
  const to = { raw, failureTo: "sipmesh.transaction.test", callId: "c" };
  const flow = { edge: platform.instance, transport: "udp", local, remote, connection: 0 } as const;
  platform.publish({ ...to, failureKey: "former", flow: { ...flow, edge: "edge-before" } });
  platform.publish({ ...to, failureKey: "socket", flow: { ...flow, local: { ...local, address: "192.0.2.1" } } });
  platform.publish({ ...to, failureKey: "tcp", flow: { ...flow, transport: "tcp", connection: 4711 } });
  platform.publish({ ...to, failureKey: "large", flow, raw: new Uint8Array(70_000) });
  platform.publish({ ...to, failureKey: "fine", flow });
  await until("four failures", () => failures.length === 4);
  await phone.next();
  assert.deepEqual(failures.map(({ key, reason, callId }) => [key, reason.split(":")[0], callId]).sort(), [
    ["former", "flow-gone", "c"],
    ["large", "refused", "c"],
    ["socket", "flow-gone", "c"],
    ["tcp", "flow-gone", "c"],
  ]);
  subscription.close();
});

test("a CRLFCRLF is answered with CRLF, other keep-alives with nothing", async () => {
  const pinger = await udpPhone(platform.port("udp"));
  pinger.send("\r\n");
  pinger.send("\0\0\0\0");
  pinger.send("\r\n\r\n");
  assert.equal(await pinger.next(), "\r\n");
  await sleep(50);
  assert.equal(pinger.got.length, 1);
  pinger.close();
});

test("the flow of a registration is pinged from the address that it was reached at, as long as it lasts", async () => {
  const registered = await udpPhone(platform.port("udp"));
  registered.send(requestText({ method: "REGISTER", via: "SIP/2.0/UDP 10.1.1.1;rport;branch=z9hG4bKr" }));
  const inbound = await platform.next();
  platform.publish({ raw: Buffer.from("SIP/2.0 200 OK\r\n\r\n"), flow: inbound.flow, keepAlive: 2 });
  assert.match(await registered.next(), /^SIP/);
  assert.equal(count("sipmesh_edge_flows_pinged"), 1);
  assert.equal(await registered.next(), "\r\n\r\n");
  await until("its end", () => count("sipmesh_edge_flows_pinged") === 0);
  registered.close();
});

test("random and truncated bytes stop nothing", async () => {
  const whole = Buffer.from(requestText({ via: "SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKz", body: "body" }));
  const noisy = await udpPhone(platform.port("udp"));
  let seed = 42;
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed >>> 8;
  };
  for (let i = 0; i < 300; i += 1) {
    noisy.send(Uint8Array.from({ length: random() % 900 }, () => random() & 255));
    noisy.send(whole.subarray(0, random() % whole.length));
    const flipped = Uint8Array.from(whole);
    flipped[random() % flipped.length] = random() & 255;
    noisy.send(flipped);
    if (i % 20 === 0) await sleep(2);
  }
  noisy.send(requestText({ via: "SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKend", callId: "still-alive" }));
  await until("the last one", () => platform.inbound.some(({ message }) => message.callId === "still-alive"));
  assert.equal(count("sipmesh_edge_exceptions_total"), 0);
  noisy.close();
});

test("a source that sends too much is not heard beyond its rate; others are", async () => {
  const own = await startPlatform({ screening: { trusted: [], rate: 10, burst: 20, deny: ["127.0.0.3"] } });
  const loud = await udpPhone(own.port("udp"), "127.0.0.2");
  const denied = await udpPhone(own.port("udp"), "127.0.0.3");
  const quiet = await udpPhone(own.port("udp"), "127.0.0.4");
  for (let i = 0; i < 100; i += 1) {
    loud.send(requestText({ via: "SIP/2.0/UDP 127.0.0.2;rport;branch=z9hG4bKl", callId: `loud-${i}` }));
  }
  denied.send(requestText({ via: "SIP/2.0/UDP 127.0.0.3;rport;branch=z9hG4bKd", callId: "denied" }));
  quiet.send(requestText({ via: "SIP/2.0/UDP 127.0.0.4;rport;branch=z9hG4bKq", callId: "quiet" }));
  await until("the quiet one", () => own.inbound.some(({ message }) => message.callId === "quiet"));
  const heard = own.inbound.filter(({ message }) => message.callId.startsWith("loud-")).length;
  assert.ok(heard >= 20 && heard < 40, `${heard} heard`);
  assert.equal(own.telemetry.metrics.value("sipmesh_edge_dropped_total", { reason: "rate" }), 100 - heard);
  assert.equal(own.telemetry.metrics.value("sipmesh_edge_dropped_total", { reason: "denied" }), 1);
  for (const one of [loud, denied, quiet]) one.close();
  await own.stop();
});

test("a busy port ends the start with an error that names it, and leaves nothing bound", async () => {
  const port = platform.port("udp");
  await assert.rejects(
    startPlatform({
      listeners: [
        { transport: "tcp", address: "127.0.0.1", port: 0 },
        { transport: "udp", address: "127.0.0.1", port },
      ],
    }),
    (error) => error instanceof BindError && error.message.includes(`udp 127.0.0.1:${port}`),
  );
});

test("a wildcard binds each own address by itself, and tells the advertised one", async () => {
  const own = await startPlatform({
    listeners: [
      { transport: "udp", address: "0.0.0.0", port: 0, advertise: { address: "203.0.113.5", port: 5060 } },
      { transport: "tcp", address: "127.0.0.1", port: 0 },
    ],
  });
  const listeners = own.announced() ?? [];
  const loopback = listeners.find((one) => one.transport === "udp" && one.address === "127.0.0.1");
  assert.ok(loopback !== undefined && loopback.advertised === undefined);
  for (const one of listeners) {
    assert.notEqual(one.address, "0.0.0.0");
    if (one.transport === "udp" && !one.address.startsWith("127.")) {
      assert.deepEqual(one.advertised, { address: "203.0.113.5", port: 5060 });
    }
  }
  const caller = await udpPhone(loopback.port);
  caller.send(requestText({ via: "SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKw" }));
  assert.deepEqual((await own.next()).flow.local, { address: "127.0.0.1", port: loopback.port });
  caller.close();
  await own.stop();
});

test("an edge that was ready turns unready only while its own OPTIONS fail and those of another pass", async () => {
  const own = await startPlatform({ selfCheck: { interval: 1, timeout: 1 } });
  await until("ready", () => own.service.ready().ok);
  own.answersSelf = false;
  const failing = () => (own.service.state() as { selfCheckFailures: number }).selfCheckFailures >= 2;
  await within(
    "failures",
    (async () => {
      while (!failing()) await sleep(20);
    })(),
  );
  assert.equal(own.service.ready().ok, true);
  const other = { id: "edge-other", node: "n2", targets: ["edge"], members: [] };
  own.others = [other];
  const tell = (ok: boolean) =>
    own.bus.signal("sipmesh.edge.health", Buffer.from(JSON.stringify({ edge: "edge-other", ok })));
  tell(true);
  assert.equal(own.service.ready().ok, false);
  tell(false);
  assert.equal(own.service.ready().ok, true);
  tell(true);
  own.others = [{ ...other, leaving: true }];
  assert.equal(own.service.ready().ok, true, "one that leaves is no reason to go too");
  own.others = [];
  assert.equal(own.service.ready().ok, true, "nor is one that is dead");
  own.others = [other];
  assert.equal(own.service.ready().ok, false);
  own.answersSelf = true;
  await until("ready again", () => own.service.ready().ok);
  await own.stop();
});
