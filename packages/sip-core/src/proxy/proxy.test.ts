import assert from "node:assert/strict";
import { test } from "node:test";
import { fromDraft, type Request } from "@sipmesh/sip";
import { callerFlow, ProxyStage, phone, wayTo } from "../testing/proxy-stage.ts";
import { requestOf } from "../testing/stage.ts";

const via = "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK776asdhds;received=198.51.100.7;rport=5060";
const invite = (changes: Parameters<typeof requestOf>[1] = {}) => requestOf("INVITE", { via, ...changes });
const ackTo = (request: Request, tag: string) =>
  requestOf("ACK", { via, to: `Bob <sip:bob@biloxi.com>;tag=${tag}`, callId: request.callId });

test("a call: INVITE on, 180 and 200 back, and nothing is left when L and M have run", () => {
  const stage = new ProxyStage(invite())
    .goes([phone(1)])
    .answers(0, 180)
    .answers(0, 200)
    .until(100_000);
  assert.deepEqual(stage.log, ["0 route", "0 INVITE → 0", "0 180 ↑", "0 200 ↑", "32000 terminated"]);
});

test("nobody answered within 200 ms: 100, and no other 100 passes", () => {
  const stage = new ProxyStage(invite())
    .goes([phone(1)])
    .answers(0, 100)
    .until(400)
    .answers(0, 100);
  assert.deepEqual(stage.log, ["0 route", "0 INVITE → 0", "200 100 ↑"]);
});

test("a retransmitted INVITE is answered from the server transaction and asks routing nothing", () => {
  const stage = new ProxyStage(invite()).goes([phone(1)]).answers(0, 180);
  stage.event({ type: "request", flow: callerFlow });
  assert.deepEqual(stage.log, ["0 route", "0 INVITE → 0", "0 180 ↑", "0 180 ↑ again"]);
});

test("a refusal is acknowledged toward the callee, and the caller's ACK is absorbed", () => {
  const request = invite();
  const stage = new ProxyStage(request).goes([phone(1)]).answers(0, 486);
  stage.event({ type: "ack", message: ackTo(request, "phone0") }).until(40_000);
  assert.deepEqual(stage.log, ["0 route", "0 INVITE → 0", "0 ACK → 0", "0 486 ↑", "32000 terminated"]);
});

test("all targets of the same preference ring at once; the first to answer has the call, the other is cancelled", () => {
  const stage = new ProxyStage(invite())
    .goes([phone(1), phone(2)])
    .answers(0, 180)
    .answers(1, 180);
  stage.answers(0, 200).answers(1, 200, { method: "CANCEL" }).answers(1, 487).until(50_000);
  assert.deepEqual(stage.log, [
    "0 route",
    "0 INVITE → 0",
    "0 INVITE → 1",
    "0 180 ↑",
    "0 180 ↑",
    "0 CANCEL → 1",
    "0 200 ↑",
    "0 ACK → 1",
    "32000 terminated",
  ]);
});

test("targets of lower preference are tried after those before them have refused", () => {
  const stage = new ProxyStage(invite()).goes([phone(2, { q: 500 }), phone(1)]).answers(0, 486);
  assert.deepEqual(stage.log, ["0 route", "0 INVITE → 0", "0 ACK → 0", "0 INVITE → 1"]);
  assert.equal(stage.requests[2]?.message.uri, "sip:bob@203.0.113.2");
  stage.answers(1, 480);
  assert.equal(stage.log.at(-1), "0 486 ↑", "480 is no better: the first stays");
});

test("a 2xx that comes after another is forwarded too (section 16.7 item 5)", () => {
  const stage = new ProxyStage(invite())
    .goes([phone(1), phone(2)])
    .answers(0, 200)
    .answers(1, 200);
  assert.deepEqual(
    stage.upstream.map(({ status }) => status),
    [200, 200],
  );
  stage.answers(0, 200).answers(0, 200, { toTag: "another" });
  assert.deepEqual(
    stage.upstream.map(({ status }) => status),
    [200, 200, 200, 200],
    "and so is each retransmission",
  );
});

test("a 2xx that comes after Timer M goes upstream while another branch keeps the context", () => {
  const stage = new ProxyStage(invite())
    .goes([phone(1), phone(2)])
    .answers(1, 180)
    .answers(0, 200)
    .until(2000)
    .answers(1, 487)
    .until(33_000);
  assert.equal(stage.over, false);
  stage.answers(0, 200);
  assert.equal(stage.log.at(-1), "33000 200 ↑");
});

test("a 6xx ends the search: the others are cancelled, lower targets are not tried, and it is the answer", () => {
  const stage = new ProxyStage(invite()).goes([phone(1), phone(2), phone(3, { q: 1 })]);
  stage.answers(1, 180).answers(0, 603).answers(1, 487);
  assert.deepEqual(stage.log.slice(3), ["0 180 ↑", "0 ACK → 0", "0 CANCEL → 1", "0 ACK → 1", "0 603 ↑"]);
});

test("CANCEL is answered at once, goes on only after a provisional response, and the caller hears 487", () => {
  const stage = new ProxyStage(invite()).goes([phone(1)]);
  stage.event({ type: "cancel", message: requestOf("CANCEL", { via }), flow: callerFlow });
  assert.deepEqual(stage.log.slice(1), ["0 INVITE → 0", "0 200 ↑"]);
  stage.answers(0, 180).answers(0, 200, { method: "CANCEL" }).answers(0, 487);
  assert.deepEqual(stage.log.slice(3), ["0 CANCEL → 0", "0 180 ↑", "0 ACK → 0", "0 487 ↑"]);
});

test("a CANCEL that comes again is answered alike for 64·T1, though the INVITE is over before (section 17.2.2)", () => {
  const request = invite();
  const cancel = requestOf("CANCEL", { via, callId: request.callId });
  const stage = new ProxyStage(request).goes([phone(1)]).answers(0, 180);
  stage.event({ type: "cancel", message: cancel, flow: callerFlow }).answers(0, 487);
  stage.event({ type: "ack", message: ackTo(request, "phone0") }).until(31_000);
  stage.event({ type: "cancel", message: cancel, flow: callerFlow });
  assert.equal(stage.log.at(-1), "31000 200 ↑ again");
  stage.until(40_000);
  assert.equal(stage.log.at(-1), "32000 terminated");
});

test("who goes on with a cancelled call answers the CANCEL again, and the INVITE after it, until its ACK has come", () => {
  const request = invite();
  for (const transport of ["udp", "tcp"] as const) {
    const stage = new ProxyStage(request, { flow: { ...callerFlow, transport } }).goes([phone(1)]).answers(0, 180);
    stage.event({ type: "cancel", message: requestOf("CANCEL", { via, callId: request.callId }), flow: callerFlow });
    assert.deepEqual(stage.resumed, ["200 ↑ again", "180 ↑ again", "CANCEL → 0 again"]);
    stage.answers(0, 200, { method: "CANCEL" }).answers(0, 487);
    assert.deepEqual(stage.resumed, ["200 ↑ again", "487 ↑ again"]);
    stage.event({ type: "ack", message: ackTo(request, "phone0") });
    assert.deepEqual(stage.resumed, []);
    stage.until(40_000);
    assert.ok(stage.over);
  }
});

test("what comes by another of the edges that share an address is answered by that one; what follows is not", () => {
  const other = { ...callerFlow, edge: "another" };
  const cancel = requestOf("CANCEL", { via });
  for (const event of [{ type: "request" }, { type: "cancel", message: cancel }] as const) {
    const by = (flow: typeof callerFlow) => {
      const stage = new ProxyStage(invite())
        .goes([phone(1)])
        .answers(0, 180)
        .event({ ...event, flow });
      return stage.answers(0, 487).upstream.map(({ edge }) => edge);
    };
    assert.deepEqual(by(other), [undefined, "another", undefined]);
    for (const unlike of [
      { remote: { address: "203.0.113.66", port: 5060 } },
      { local: { address: "192.0.2.99", port: 5060 } },
      { transport: "tcp" },
    ] as const) {
      assert.deepEqual(by({ ...other, ...unlike }), [undefined, undefined, undefined]);
    }
  }
});

test("CANCEL before routing has answered: 487, and the answer of routing comes too late", () => {
  const stage = new ProxyStage(invite());
  stage.event({ type: "cancel", message: requestOf("CANCEL", { via }), flow: callerFlow }).goes([phone(1)]);
  assert.deepEqual(stage.log, ["0 route", "0 200 ↑", "0 487 ↑"]);
});

test("CANCEL that crosses a 200: the call stands", () => {
  const stage = new ProxyStage(invite())
    .goes([phone(1)])
    .answers(0, 180)
    .answers(0, 200);
  stage.event({ type: "cancel", message: requestOf("CANCEL", { via }), flow: callerFlow });
  assert.deepEqual(stage.log.slice(3), ["0 200 ↑", "0 200 ↑"]);
});

test("a callee that ignores its CANCEL is given up after 64·T1", () => {
  const stage = new ProxyStage(invite()).goes([phone(1)]).answers(0, 180);
  stage
    .event({ type: "cancel", message: requestOf("CANCEL", { via }), flow: callerFlow })
    .answers(0, 200, { method: "CANCEL" });
  stage.until(31_999);
  assert.equal(stage.log.at(-1), "0 CANCEL → 0");
  stage.until(32_000);
  assert.equal(stage.log.at(-1), "32000 487 ↑");
});

test("Timer C runs anew with each provisional response but 100 (section 16.6 item 11)", () => {
  const stage = new ProxyStage(invite())
    .goes([phone(1)], { ringTime: 0 })
    .answers(0, 180)
    .until(180_000);
  stage.answers(0, 183).until(360_000).answers(0, 100).until(361_000);
  assert.deepEqual(stage.log.slice(2), ["0 180 ↑", "180000 183 ↑", "361000 CANCEL → 0"]);
  stage.answers(0, 487);
  assert.equal(stage.log.at(-1), "361000 480 ↑", "it counts as unavailable, not as cancelled");
});

test("nobody rings beyond the bound, however often the phone says that it rings", () => {
  const stage = new ProxyStage(invite()).goes([phone(1)], { ringTime: 60_000 });
  for (let now = 0; now < 120_000; now += 20_000) {
    stage.until(now);
    if (now <= 60_000) stage.answers(0, 180);
  }
  assert.ok(stage.log.includes("60000 CANCEL → 0"));
  assert.equal(
    stage.log.find((line) => line.includes("480")),
    "92000 480 ↑",
  );
});

test("who never answered has timed out: 408 when Timer B fires", () => {
  const stage = new ProxyStage(invite()).goes([phone(1)]).until(32_000);
  assert.equal(stage.log.at(-1), "32000 408 ↑");
});

test("a bound on ringing below Timer B: 408, and the CANCEL follows should the phone wake up", () => {
  const stage = new ProxyStage(invite()).goes([phone(1)], { ringTime: 10_000 }).until(10_000);
  assert.equal(stage.log.at(-1), "10000 408 ↑");
  stage.answers(0, 180);
  assert.equal(stage.log.at(-1), "10000 CANCEL → 0");
});

test("the challenges of all branches reach the caller (section 16.7 item 7)", () => {
  const stage = new ProxyStage(invite()).goes([phone(1), phone(2), phone(3)]);
  stage.answers(0, 401, { headers: [["WWW-Authenticate", 'Digest realm="a", nonce="1"']] });
  stage.answers(1, 486);
  stage.answers(2, 407, { headers: [["Proxy-Authenticate", 'Digest realm="b", nonce="2"']] });
  const [last] = stage.upstream;
  assert.equal(last?.status, 401);
  assert.match(last.message.head, /WWW-Authenticate: Digest realm="a"/);
  assert.match(last.message.head, /Proxy-Authenticate: Digest realm="b"/);
});

test("a 503 speaks for one next hop: the next address is tried, and the caller never hears 503 of it", () => {
  const two = phone(1, { ways: [wayTo("203.0.113.1"), wayTo("203.0.113.2")] });
  const stage = new ProxyStage(invite()).goes([two]).answers(0, 503);
  assert.deepEqual(stage.log.slice(1), ["0 INVITE → 0", "0 ACK → 0", "0 INVITE → 1"]);
  assert.notEqual(stage.requests[0]?.message.via.branch, stage.requests.at(-1)?.message.via.branch);
  stage.answers(1, 503);
  assert.equal(stage.log.at(-1), "0 500 ↑");
});

test("what could not be sent goes to the next address; without one, the caller hears 503", () => {
  const two = phone(1, { ways: [wayTo("203.0.113.1"), wayTo("203.0.113.2")] });
  const stage = new ProxyStage(invite()).goes([two]).event({ type: "unsent", owner: "client", branch: 0 });
  assert.deepEqual(stage.log.slice(1), ["0 INVITE → 0", "0 INVITE → 1"]);
  stage.event({ type: "unsent", owner: "client", branch: 1 });
  assert.equal(stage.log.at(-1), "0 503 ↑");
});

test("a non-INVITE that timed out gets no answer (RFC 4320)", () => {
  const stage = new ProxyStage(requestOf("MESSAGE", { via })).goes([phone(1)]).until(200_000);
  assert.deepEqual(
    stage.upstream.map(({ status }) => status),
    [100],
  );
  assert.ok(stage.over);
});

test("a non-INVITE is answered once, its retransmissions from the transaction", () => {
  const stage = new ProxyStage(requestOf("MESSAGE", { via }))
    .goes([phone(1)])
    .answers(0, 200)
    .answers(0, 200);
  stage.event({ type: "request", flow: callerFlow }).until(40_000);
  assert.deepEqual(stage.log, ["0 route", "0 MESSAGE → 0", "0 200 ↑", "0 200 ↑ again", "32000 terminated"]);
});

test("a forked non-INVITE is over when all have answered: the first 2xx is the answer, the others leave nothing", () => {
  const stage = new ProxyStage(requestOf("OPTIONS", { via }))
    .goes([phone(1), phone(2), phone(3)])
    .answers(1, 200)
    .answers(0, 200)
    .answers(2, 200)
    .until(100_000);
  assert.deepEqual(
    stage.upstream.map(({ status }) => status),
    [200],
  );
  assert.equal(stage.over, true);
});

test("no hops left: 483, also to OPTIONS (RFC 4475 section 3.3.11)", () => {
  assert.deepEqual(new ProxyStage(invite({ maxForwards: 0 })).log, ["0 483 ↑"]);
  assert.deepEqual(new ProxyStage(requestOf("OPTIONS", { via, maxForwards: 0 })).log, ["0 483 ↑"]);
});

test("an extension that we do not know is required of us: 420 names it", () => {
  const stage = new ProxyStage(invite({ headers: [["Proxy-Require", "foo, bar"]] }));
  assert.match(stage.upstream[0]?.message.head ?? "", /^SIP\/2.0 420 .*\r\nUnsupported: foo, bar\r\n/s);
});

test("a request that comes back unchanged is a loop: 482; with another Request-URI it is a spiral", () => {
  const stage = new ProxyStage(invite()).goes([phone(1)]);
  const sent = stage.requests[0]?.message as Request;
  const back = (uri: string) => {
    const head = sent.head.replace(/^INVITE \S+/, `INVITE ${uri}`);
    return new ProxyStage(fromDraft({ head, body: sent.body }) as Request);
  };
  assert.deepEqual(back("sip:bob@biloxi.com").log, ["0 482 ↑"]);
  assert.deepEqual(back("sip:carol@biloxi.com").log, ["0 route"]);
});

test("Max-Breadth is shared among the branches, and nothing forks without any (RFC 5393)", () => {
  const stage = new ProxyStage(invite({ headers: [["Max-Breadth", "7"]] })).goes([phone(1), phone(2), phone(3)]);
  assert.deepEqual(
    stage.requests.map(({ message }) => message.head.match(/Max-Breadth: (\d+)/)?.[1]),
    ["2", "2", "2"],
  );
  const narrow = new ProxyStage(invite({ headers: [["Max-Breadth", "1"]] })).goes([phone(1), phone(2)]);
  assert.deepEqual(narrow.log, ["0 route", "0 INVITE → 0"], "the second waits for the first");
  assert.deepEqual(new ProxyStage(invite({ headers: [["Max-Breadth", "0"]] })).log, ["0 440 ↑"]);
});

test("routing refuses: the answer has our own tag, the same each time", () => {
  const answer = () => new ProxyStage(invite()).event({ type: "answer", status: 404 }).upstream[0]?.message.head;
  assert.match(answer() ?? "", /^SIP\/2.0 404 Not Found\r\n/);
  assert.match(answer() ?? "", /To: Bob <sip:bob@biloxi.com>;tag=[a-z0-9]{13}\r\n/);
  assert.equal(answer(), answer());
});

test("a callee of RFC 2543 without a To tag is heard all the same", () => {
  const stage = new ProxyStage(invite()).goes([phone(1)]);
  const { message } = stage.requests[0] ?? assert.fail();
  const head = message.head.replace(/^INVITE.*\r\n/, "SIP/2.0 200 OK\r\n");
  const answered = fromDraft({ head, body: message.body });
  assert.equal(answered.kind, "response");
  if (answered.kind === "response")
    stage.event({ type: "response", branch: 0, message: answered, source: "203.0.113.1" });
  assert.equal(stage.log.at(-1), "0 200 ↑");
});
