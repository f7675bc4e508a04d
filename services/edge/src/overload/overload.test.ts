import assert from "node:assert/strict";
import { test } from "node:test";
import { type Request, response } from "@sipmesh/sip";
import { type Phone, type Platform, requestText, startPlatform, udpPhone, until } from "../testing/platform.ts";

const via = (branch: string) => `SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK${branch}`;
const invite = (callId: string, headers = "") => requestText({ method: "INVITE", via: via(callId), callId, headers });
const refused = (platform: Platform, labels = {}) =>
  platform.telemetry.metrics.value("sipmesh_edge_refused_total", labels);

/** An edge that takes one call every ten seconds, and has taken it. */
async function full(trusted: string[]): Promise<{ platform: Platform; phone: Phone; stop: () => Promise<void> }> {
  const overload = { callsPerSecond: 0.1, requestsPerSecond: 0.1, delay: 0 };
  const platform = await startPlatform({ overload, screening: { trusted } });
  const phone = await udpPhone(platform.port("udp"));
  phone.send(invite("first"));
  await platform.next();
  return {
    platform,
    phone,
    async stop() {
      phone.close();
      await platform.stop();
    },
  };
}

test("a call beyond the limit is answered 503 with a Retry-After that is spread, and its ACK absorbed", async () => {
  const { platform, phone, stop } = await full([]);
  const waits = new Set<number>();
  for (let i = 0; i < 20; i += 1) {
    phone.send(invite(`beyond-${i}`));
    const answer = await phone.next();
    assert.match(answer, /^SIP\/2\.0 503 /);
    waits.add(Number(/\r\nRetry-After: (\d+)\r\n/.exec(answer)?.[1]));
    const toTag = /\r\nTo: .*;tag=(\S+)\r\n/.exec(answer)?.[1] ?? "";
    const callId = `beyond-${i}`;
    phone.send(requestText({ method: "ACK", via: via(callId), callId, toTag }));
  }
  assert.ok(waits.size > 3 && Math.min(...waits) >= 5 && Math.max(...waits) <= 15, [...waits].join());
  await until("ACKs", () => platform.telemetry.metrics.value("sipmesh_edge_dropped_total", { reason: "ack" }) === 20);
  assert.equal(platform.inbound.length, 1);
  assert.equal(refused(platform, { reason: "rate", precedence: "call" }), 20);
  await stop();
});

test("a trunk is not told to stay away, and its priority calls pass", async () => {
  const { platform, phone, stop } = await full(["127.0.0.1"]);
  phone.send(invite("ordinary"));
  const answer = await phone.next();
  assert.match(answer, /^SIP\/2\.0 503 /);
  assert.doesNotMatch(answer, /Retry-After/);
  phone.send(invite("urgent", "Resource-Priority: ets.0\r\n"));
  assert.equal((await platform.next()).message.callId, "urgent");
  await stop();
});

test("copies of what was let in, and what belongs to calls in progress, pass beyond any limit", async () => {
  const { platform, phone, stop } = await full([]);
  phone.send(invite("first"));
  assert.equal((await platform.next()).message.callId, "first");
  for (const method of ["ACK", "BYE", "CANCEL", "PRACK"]) {
    phone.send(requestText({ method, via: via(method), callId: "first", toTag: "t" }));
    assert.equal((await platform.next()).message.cseq.method, method);
  }
  const reInvite = requestText({ method: "INVITE", via: via("forged"), callId: "forged", toTag: "t" });
  phone.send(reInvite);
  assert.match(await phone.next(), /^SIP\/2\.0 503 /, "a To tag alone proves nothing");
  await stop();
});

test("the edge's own OPTIONS pass, and so it stays ready", async () => {
  const { platform, phone, stop } = await full([]);
  phone.send(requestText({ via: via("o1"), callId: "o1" }));
  await platform.next();
  phone.send(requestText({ via: via("o2"), callId: "o2" }));
  assert.match(await phone.next(), /^SIP\/2\.0 503 /);
  await until("ready", () => platform.service.ready().ok);
  assert.equal(refused(platform, { precedence: "other" }), 1);
  await stop();
});

test("a call is in set-up from its INVITE to its final response, and its owner is seen to answer", async () => {
  const { platform, phone, stop } = await full([]);
  const setting = () => platform.telemetry.metrics.value("sipmesh_edge_calls_setting_up");
  assert.equal(setting(), 1);
  const [inbound] = platform.inbound;
  assert.ok(inbound);
  for (const status of [180, 200]) {
    const { head } = response(inbound.message as Request, status, { toTag: "t" });
    platform.publish({ raw: Buffer.from(`${head}\r\n`), flow: inbound.flow, callId: "first" });
    await phone.next();
    assert.equal(setting(), status === 200 ? 0 : 1);
  }
  assert.equal(platform.telemetry.metrics.value("sipmesh_edge_first_answer_seconds"), 1);
  await stop();
});

test("a call whose final response leaves by another edge is not followed to its end: who leaves would wait for it in vain", async () => {
  const { platform, phone, stop } = await full([]);
  const [inbound] = platform.inbound;
  assert.ok(inbound);
  const { head } = response(inbound.message as Request, 180, { toTag: "t" });
  const again = { raw: Buffer.from(`${head}\r\n`), flow: inbound.flow, callId: "first", finalElsewhere: true };
  platform.publish(again);
  await phone.next();
  assert.equal(platform.telemetry.metrics.value("sipmesh_edge_calls_setting_up"), 0);
  phone.send(invite("first"));
  assert.equal((await platform.next()).message.callId, "first", "its copies are let in");
  await stop();
});
