import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SendFailure } from "@sipmesh/bus";
import { type Request, response } from "@sipmesh/sip";
import { type Platform, requestText, startPlatform, tcpPhone, until } from "./testing/platform.ts";

let platform: Platform;
const via = "SIP/2.0/TCP 10.0.0.1:5060;branch=z9hG4bKt;rport";
const count = (name: string, labels = {}) => platform.telemetry.metrics.value(name, labels);

before(async () => {
  platform = await startPlatform({ tcp: { message: 1, proof: 2, idle: 4, connections: 12 } });
});
after(() => platform.stop());

test("messages are cut out of the stream however it is chopped, in order; answers come back over the connection", async () => {
  const caller = await tcpPhone(platform.port("tcp"));
  const first = requestText({ via, callId: "one", body: "\r\n\r\nINVITE is no start line here" });
  const second = requestText({ via, callId: "two" });
  const bytes = Buffer.from(first + second, "latin1");
  for (let at = 0; at < bytes.length; at += 7) {
    caller.socket.write(bytes.subarray(at, at + 7));
    if (at % 70 === 0) await sleep(1);
  }
  const one = await platform.next();
  const two = await platform.next();
  assert.deepEqual([one.message.callId, two.message.callId], ["one", "two"]);
  assert.equal(Buffer.from(one.message.body).toString(), "\r\n\r\nINVITE is no start line here");
  assert.equal(one.message.via.received, "127.0.0.1");
  assert.equal(one.message.via.rport, caller.port);
  assert.equal(one.flow.transport, "tcp");
  assert.ok(one.flow.connection > 0);
  assert.deepEqual(one.flow, two.flow);
  platform.reply(one, response(one.message as Request, 200));
  platform.reply(two, response(two.message as Request, 486));
  await until("both answers", () => /200 OK[\s\S]*486 Busy/.test(caller.text));
  caller.socket.destroy();
});

test("a CRLFCRLF between messages is answered with CRLF", async () => {
  const caller = await tcpPhone(platform.port("tcp"));
  caller.socket.write(`${requestText({ via, callId: "before" })}\r\n\r\n${requestText({ via, callId: "behind" })}`);
  await until("the pong", () => caller.text === "\r\n");
  assert.equal((await platform.next()).message.callId, "before");
  assert.equal((await platform.next()).message.callId, "behind");
  caller.socket.destroy();
});

test("lies about the length end the connection with an answer, silence in the middle of a message without", async () => {
  const lies = ["-5", "99999999999999999999", "two", "4294967296"];
  for (const lie of lies) {
    const caller = await tcpPhone(platform.port("tcp"));
    caller.socket.write(
      requestText({ via, callId: `lie-${lie}` }).replace("Content-Length: 0", `Content-Length: ${lie}`),
    );
    await until(`an answer to ${lie}`, () => caller.ended);
    assert.match(caller.text, /^SIP\/2\.0 4\d\d /);
  }
  const caller = await tcpPhone(platform.port("tcp"));
  // More is promised than ever comes; what comes trickles, so that the connection is never silent.
  caller.socket.write(requestText({ via, callId: "slow" }).replace("Content-Length: 0", "Content-Length: 5000"));
  const start = Date.now();
  while (!caller.ended && Date.now() - start < 5000) {
    caller.socket.write("x");
    await sleep(50);
  }
  assert.ok(caller.ended);
  assert.ok(Date.now() - start < 4000);
  assert.equal(caller.text, "");
  assert.ok(count("sipmesh_edge_connections_closed_total", { reason: "slow" }) >= 1);
  assert.equal(count("sipmesh_edge_connections_closed_total", { reason: "malformed" }), lies.length);
});

test("header fields without end close the connection once they are too large", async () => {
  const caller = await tcpPhone(platform.port("tcp"));
  caller.socket.write(`OPTIONS sip:a@b SIP/2.0\r\nVia: ${via}\r\nX: `);
  for (let i = 0; i < 100 && !caller.ended; i += 1) {
    caller.socket.write("y".repeat(1000));
    await sleep(1);
  }
  await until("its end", () => caller.ended);
});

test("a connection that never says anything valid ends early, a silent one that did ends when it is idle", async () => {
  const mute = await tcpPhone(platform.port("tcp"));
  const known = await tcpPhone(platform.port("tcp"));
  known.socket.write(requestText({ via, callId: "known" }));
  assert.equal((await platform.next()).message.callId, "known");
  await until("the mute one is closed", () => mute.ended);
  assert.equal(known.ended, false);
  const start = Date.now();
  while (!known.ended && Date.now() - start < 8000) await sleep(50);
  assert.ok(known.ended);
  // Each end hears of it in its own time.
  for (const reason of ["unproven", "idle"])
    await until(`one ${reason}`, () => count("sipmesh_edge_connections_closed_total", { reason }) === 1);
});

test("connections beyond the bound are closed at once", async () => {
  const callers = await Promise.all(Array.from({ length: 12 }, () => tcpPhone(platform.port("tcp"))));
  await until("all are there", () => count("sipmesh_edge_connections") === 12);
  const surplus = await tcpPhone(platform.port("tcp"));
  await until("the surplus one is closed", () => surplus.ended);
  assert.ok(callers.every((one) => !one.ended));
  assert.equal(count("sipmesh_edge_connections_refused_total", { reason: "full" }), 1);
  for (const one of callers) one.socket.destroy();
  await until("all are gone", () => count("sipmesh_edge_connections") === 0);
});

test("to a destination a connection is opened once and used again; what comes back over it is received", async () => {
  const accepted: Socket[] = [];
  let text = "";
  const server = createServer((socket) => {
    accepted.push(socket);
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
    });
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const destination = { transport: "tcp", address: { address: "127.0.0.1", port } } as const;
  for (const callId of ["first", "second"]) {
    platform.publish({ raw: Buffer.from(requestText({ via, callId })), destination });
  }
  await until("both", () => /Call-ID: first[\s\S]*Call-ID: second/.test(text));
  assert.equal(accepted.length, 1);
  accepted[0]?.write(
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: first\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
  );
  const back = await platform.next();
  assert.equal(back.message.kind, "response");
  assert.deepEqual(back.flow.remote, destination.address);
  for (const socket of accepted) socket.destroy();
  server.close();
});

test("where nobody listens, every message that waited for the connection is told as failed", async () => {
  const holder = createServer();
  holder.listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as { port: number };
  holder.close();
  const failures: SendFailure[] = [];
  const subscription = platform.bus.subscribe("sipmesh.transaction.failures", (envelope) => {
    if (envelope.kind === "send-failure") failures.push(envelope);
  });
  for (const failureKey of ["a", "b"]) {
    platform.publish({
      raw: Buffer.from(requestText({ via })),
      destination: { transport: "tcp", address: { address: "127.0.0.1", port } },
      failureTo: "sipmesh.transaction.failures",
      failureKey,
      callId: "c",
    });
  }
  await until("two failures", () => failures.length === 2);
  assert.deepEqual(
    failures.map(({ key, reason }) => [key, reason]),
    [
      ["a", "connect"],
      ["b", "connect"],
    ],
  );
  subscription.close();
});

test("a response whose connection is gone goes to where its Via says (RFC 3261 §18.2.2)", async () => {
  let text = "";
  const server = createServer((socket) =>
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
    }),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const caller = await tcpPhone(platform.port("tcp"));
  caller.socket.write(requestText({ via: `SIP/2.0/TCP 127.0.0.1:${port};branch=z9hG4bKgone`, callId: "gone" }));
  const inbound = await platform.next();
  caller.socket.destroy();
  await until("the connection is gone", () => count("sipmesh_edge_connections") === 0);
  platform.reply(inbound, response(inbound.message as Request, 200));
  await until("the answer", () => /^SIP\/2\.0 200 OK[\s\S]*Call-ID: gone/.test(text));
  server.close();
});

test("an edge that leaves takes no new connections, keeps those it has, and is gone when they are", async () => {
  const own = await startPlatform({ leave: { grace: 60 } });
  const port = own.port("tcp");
  const phone = await tcpPhone(port);
  phone.socket.write(requestText({ via, callId: "before" }));
  await own.next();
  let left = false;
  const leaving = own.service.linger?.(60_000).then(() => {
    left = true;
  });
  assert.deepEqual(own.service.ready(), { ok: false, reason: "leaving" });
  await assert.rejects(tcpPhone(port), /ECONNREFUSED/);
  phone.socket.write(requestText({ via, callId: "during" }));
  const inbound = await own.next();
  assert.equal(inbound.message.callId, "during");
  own.reply(inbound, response(inbound.message as Request, 200));
  await until("its answer", () => phone.text.includes("SIP/2.0 200 OK"));
  assert.equal(own.announced()?.filter(({ transport }) => transport === "tcp").length, 1, "routes still name it");
  assert.equal(left, false);
  phone.socket.destroy();
  await leaving;
  await own.stop();
});
