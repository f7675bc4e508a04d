import assert from "node:assert/strict";
import { test } from "node:test";
import { defaults } from "@sipmesh/config";
import { settled } from "@sipmesh/environment/testing";
import type { RouteDecision } from "@sipmesh/proto/routing";
import { Code, RpcError } from "@sipmesh/rpc";
import { Name, type Request, response } from "@sipmesh/sip";
import { transactionSection } from "./config.ts";
import { alice, bob, flowFrom, fromAlice, mediaAlways, Stage, toPhones, withSdp } from "./testing/stage.ts";

const oneProxy = { route: () => toPhones("203.0.113.1") };

/** Writes down what routing is told. */
function askedRouting() {
  const asked: { hasToTag: boolean }[] = [];
  const route = ({ hasToTag }: { hasToTag: boolean }) => {
    asked.push({ hasToTag });
    return toPhones("203.0.113.1");
  };
  return { asked, routing: { route } };
}

const answer = (invite: Request, status: number, toTag = "bob") =>
  response(invite, status, { toTag, recordRoute: true, contact: "<sip:bob@203.0.113.1:5060>" });

test("a whole call: INVITE to BYE, its later requests by the token in Route and nothing else", async () => {
  const stage = await Stage.begin({ routing: oneProxy });
  await stage.receive(fromAlice("INVITE"), alice);
  const invite = stage.request("INVITE");
  assert.deepEqual(stage.words, ["INVITE → 203.0.113.1"]);
  await stage.receive(answer(invite, 180), bob);
  await stage.receive(answer(invite, 200), bob);
  const ok = stage.last;
  assert.deepEqual(stage.words, ["180 → 198.51.100.7", "200 → 198.51.100.7"]);
  assert.equal(ok.list(Name.Via).length, 1, "our Via is taken off");

  const route = ok.all(Name.RecordRoute);
  const within = { uri: "sip:bob@203.0.113.1:5060", route, to: "<sip:bob@example.com>;tag=bob" };
  await stage.receive(fromAlice("ACK", within), alice);
  assert.equal(stage.request("ACK").has(Name.Route), false, "our own Route is taken off");
  assert.deepEqual(stage.words, ["ACK → 203.0.113.1"]);
  await stage.receive(fromAlice("BYE", { ...within, cseq: 2 }), alice);
  const bye = stage.request("BYE");
  assert.equal(bye.has(Name.RecordRoute), false);
  await stage.receive(response(bye, 200), bob);
  assert.deepEqual(stage.words, ["BYE → 203.0.113.1", "200 → 198.51.100.7"]);

  assert.equal(stage.metrics.value("sipmesh_calls_total", { outcome: "answered" }), 1);
  await stage.clock.pass(40_000);
  assert.equal(stage.metrics.value("sipmesh_transactions", { side: "server" }), 0);
  assert.equal(stage.metrics.value("sipmesh_transactions", { side: "client" }), 0);
  assert.equal(stage.clock.timers, 0);
});

test("the callee hangs up: its BYE goes to the caller's Contact", async () => {
  const stage = await Stage.begin({ routing: oneProxy });
  await stage.receive(fromAlice("INVITE"), alice);
  const invite = stage.request("INVITE");
  await stage.receive(answer(invite, 200), bob);
  stage.sent.length = 0;
  const bye = fromAlice("BYE", {
    uri: "sip:alice@198.51.100.7:5060",
    via: "SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK-bob;rport=5060;received=203.0.113.1",
    from: "<sip:bob@example.com>;tag=bob",
    to: "<sip:alice@example.com>;tag=alice",
    route: invite.all(Name.RecordRoute),
  });
  await stage.receive(bye, bob);
  assert.deepEqual(stage.words, ["BYE → 198.51.100.7"]);
});

test("a caller on a connection is reached over it, not at its Contact", async () => {
  const stage = await Stage.begin({ routing: oneProxy });
  const phone = flowFrom("198.51.100.7", "tcp");
  await stage.receive(fromAlice("INVITE", { via: "SIP/2.0/TCP 198.51.100.7:40000;branch=z9hG4bK-tcp" }), phone);
  const invite = stage.request("INVITE");
  assert.doesNotMatch(invite.first(Name.RecordRoute) ?? "", /transport/, "the callee is told to come by UDP");
  await stage.receive(answer(invite, 200), bob);
  assert.match(stage.last.first(Name.RecordRoute) ?? "", /;transport=tcp;lr>$/, "the caller to come by TCP");
  const bye = fromAlice("BYE", {
    uri: "sip:alice@10.0.0.9:5060",
    via: "SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK-bob;rport=5060;received=203.0.113.1",
    from: "<sip:bob@example.com>;tag=bob",
    to: "<sip:alice@example.com>;tag=alice",
    route: invite.all(Name.RecordRoute),
  });
  await stage.receive(bye, bob);
  const { outbound } = stage.sent.at(-1) ?? assert.fail();
  assert.equal(outbound.flow?.connection, 7);
  assert.equal(outbound.flow?.transport, "tcp");
});

test("what we add to an INVITE is 300 bytes at most, its token 80", async () => {
  const stage = await Stage.begin({ routing: oneProxy });
  const draft = fromAlice("INVITE");
  await stage.receive(draft, alice);
  const invite = stage.request("INVITE");
  const added = invite.head.length - draft.head.length;
  assert.ok(added <= 300, `${added} bytes`);
  const token = /<sip:([^@]+)@/.exec(invite.first(Name.RecordRoute) ?? "")?.[1] ?? "";
  assert.ok(token.length <= 80);
});

test("a retransmission asks routing nothing", async () => {
  const { asked, routing } = askedRouting();
  const stage = await Stage.begin({ routing });
  await stage.receive(fromAlice("INVITE"), alice);
  await stage.receive(fromAlice("INVITE"), alice);
  assert.equal(asked.length, 1);
  assert.deepEqual(stage.words, ["INVITE → 203.0.113.1"]);
});

test("a request with a To tag but no token of ours is out of dialog: routing is asked and told so", async () => {
  const { asked, routing } = askedRouting();
  const stage = await Stage.begin({ routing });
  const route = [`<sip:${"A".repeat(80)}@192.0.2.1:5060;lr>`];
  await stage.receive(fromAlice("BYE", { to: "<sip:bob@example.com>;tag=bob", route }), alice);
  assert.deepEqual(asked, [{ hasToTag: true }]);
});

test("a token of another call opens nothing", async () => {
  const { asked, routing } = askedRouting();
  const stage = await Stage.begin({ routing });
  await stage.receive(fromAlice("INVITE"), alice);
  const route = stage.request("INVITE").all(Name.RecordRoute);
  const to = "<sip:bob@example.com>;tag=bob";
  await stage.receive(fromAlice("INVITE", { uri: "sip:900@198.18.0.1", callId: "call-2", to, route, cseq: 2 }), alice);
  assert.equal(asked.length, 2);
});

test("routing away: 503 with Retry-After, in bounded time", async () => {
  const away = await Stage.begin();
  await away.receive(fromAlice("INVITE"), alice);
  assert.match(away.last.head, /^SIP\/2.0 503 .*\r\nRetry-After: 5\r\n/s);

  const silent = await Stage.begin({ routing: { route: () => new Promise(() => {}) } });
  await silent.receive(fromAlice("INVITE"), alice);
  await silent.clock.pass(10_100);
  assert.deepEqual(silent.words, ["100 → 198.51.100.7", "503 → 198.51.100.7"]);
  assert.equal(silent.metrics.value("sipmesh_transaction_service_failures_total", { service: "routing" }), 1);
});

test("routing breaks: 500", async () => {
  const route = () => {
    throw new Error("a bug");
  };
  const stage = await Stage.begin({ routing: { route } });
  await stage.receive(fromAlice("INVITE"), alice);
  assert.deepEqual(stage.words, ["500 → 198.51.100.7"]);
});

test("a transaction that breaks is answered, counted and let go of", async () => {
  const route = (): RouteDecision => ({
    decision: { $case: "proxy", value: undefined as never },
    identity: "",
    realm: "",
  });
  const targets = () => {
    const decision = toPhones("203.0.113.1");
    if (decision.decision?.$case === "proxy") decision.decision.value.targets[0]?.route.push("<<<");
    return decision;
  };
  const stage = await Stage.begin({ routing: { route } });
  await stage.receive(fromAlice("INVITE"), alice);
  assert.deepEqual(stage.words, ["500 → 198.51.100.7"], "routing's word makes no sense");
  const other = await Stage.begin({ routing: { route: targets } });
  await other.receive(fromAlice("INVITE"), alice);
  assert.deepEqual(other.words, ["400 → 198.51.100.7"], "a Route value makes no sense");
  assert.equal(other.metrics.value("sipmesh_transactions"), 0);
  assert.equal(other.metrics.value("sipmesh_transaction_exceptions_total"), 1);
  assert.equal(other.metrics.value("sipmesh_calls_in_setup"), 0);
});

test("who proved nothing is answered when he asks, and not again and again: no retransmissions for a forged source", async () => {
  const refusals: [number, RouteDecision["decision"]][] = [
    [403, { $case: "reject", value: { status: 403, reason: "Strangers Are Not Relayed", headerFields: [] } }],
    [407, { $case: "challenge", value: { status: 407, values: ['Digest realm="example.com"'] } }],
  ];
  for (const [status, decision] of refusals) {
    const stage = await Stage.begin({ routing: { route: () => ({ decision, identity: "", realm: "" }) } });
    await stage.receive(fromAlice("INVITE"), alice);
    const first = stage.last;
    assert.deepEqual(stage.words, [`${status} → 198.51.100.7`]);
    await stage.clock.pass(4_000);
    assert.deepEqual(stage.words, [], "not again");
    await stage.receive(fromAlice("INVITE"), alice);
    assert.equal(stage.last.head, first.head);
    assert.deepEqual(stage.words, [`${status} → 198.51.100.7`], "unless asked again");
    await stage.clock.pass(28_100);
    assert.deepEqual(stage.words, [], "and forgotten after 64·T1");
    assert.equal(stage.metrics.value("sipmesh_transactions", { side: "server" }), 0);
    assert.equal(stage.clock.timers, 0);
  }
});

test("a flood of calls that prove nothing leaves most of the table to the others: its oldest are forgotten", async () => {
  const limits = { ...defaults(transactionSection).limits, transactions: 40 };
  const decision: RouteDecision["decision"] = {
    $case: "reject",
    value: { status: 403, reason: "Strangers Are Not Relayed", headerFields: [] },
  };
  const stage = await Stage.begin({
    routing: { route: () => ({ decision, identity: "", realm: "" }) },
    config: { limits },
  });
  for (let n = 0; n < 60; n += 1) {
    await stage.receive(
      fromAlice("INVITE", { callId: `flood-${n}`, via: `SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK${n}` }),
      alice,
    );
  }
  assert.deepEqual(new Set(stage.words), new Set(["403 → 198.51.100.7"]));
  assert.equal(stage.metrics.value("sipmesh_transactions", { side: "server" }), 10);
  await stage.clock.pass(33_000);
  assert.equal(stage.metrics.value("sipmesh_transactions", { side: "server" }), 0);
  assert.equal(stage.clock.timers, 0);
});

test("redirect, reject and challenge are answered with what routing said", async () => {
  const decisions: RouteDecision["decision"][] = [
    { $case: "redirect", value: { status: 302, contacts: ["<sip:bob@198.18.0.2>"] } },
    { $case: "reject", value: { status: 404, reason: "Nobody here", headerFields: [] } },
    { $case: "challenge", value: { status: 407, values: ['Digest realm="example.com"'] } },
  ];
  const route = () => ({ decision: decisions.shift(), identity: "", realm: "" });
  const stage = await Stage.begin({ routing: { route } });
  for (const cseq of [1, 2, 3]) await stage.receive(fromAlice("INVITE", { cseq }), alice);
  const heads = stage.sent.map(({ message }) => message.head);
  assert.match(heads[0] ?? "", /^SIP\/2.0 302 .*\r\nContact: <sip:bob@198.18.0.2>\r\n/s);
  assert.match(heads[1] ?? "", /^SIP\/2.0 404 Nobody here\r\n/);
  assert.match(heads[2] ?? "", /^SIP\/2.0 407 .*\r\nProxy-Authenticate: Digest realm="example.com"\r\n/s);
});

test("REGISTER: routing admits, location stores, the flow is kept open by pings", async () => {
  const register = (asked: { readonly addressOfRecord: string; readonly contacts: readonly string[] }) => {
    assert.deepEqual(asked.contacts, ["<sip:alice@198.51.100.7:5060>"]);
    assert.equal(asked.addressOfRecord, "alice@example.com");
    return {
      status: 200,
      reason: "",
      keepAlive: 25,
      headerFields: [{ name: "Contact", value: "<sip:alice@198.51.100.7:5060>;expires=3600" }],
    };
  };
  const route = () => ({
    decision: { $case: "register" as const, value: { addressOfRecord: "alice@example.com" } },
    identity: "alice@example.com",
    realm: "example.com",
  });
  const stage = await Stage.begin({ routing: { route }, location: { register } });
  await stage.receive(fromAlice("REGISTER", { uri: "sip:example.com", to: "<sip:alice@example.com>" }), alice);
  assert.match(stage.last.head, /^SIP\/2.0 200 .*\r\nContact: <sip:alice@198.51.100.7:5060>;expires=3600\r\n/s);
  assert.equal(stage.sent.at(-1)?.outbound.keepAlive, 25);
});

test("location away: a REGISTER is answered 503", async () => {
  const route = () => ({
    decision: { $case: "register" as const, value: { addressOfRecord: "a@b" } },
    identity: "",
    realm: "",
  });
  const stage = await Stage.begin({ routing: { route } });
  await stage.receive(fromAlice("REGISTER", { uri: "sip:example.com" }), alice);
  assert.deepEqual(stage.words, ["503 → 198.51.100.7"]);
});

test("OPTIONS to the platform itself: 200", async () => {
  const route = () => ({
    decision: { $case: "answer" as const, value: { addressOfRecord: "" } },
    identity: "",
    realm: "",
  });
  const stage = await Stage.begin({ routing: { route } });
  await stage.receive(fromAlice("OPTIONS", { uri: "sip:192.0.2.1" }), alice);
  assert.match(stage.last.head, /^SIP\/2.0 200 .*\r\nAccept: application\/sdp\r\n/s);
});

test("more transactions than the bound: 503 with Retry-After, counted; what is known goes on", async () => {
  const limits = { transactions: 1, passes: 2, unconfirmed: 100, targets: 60 };
  const stage = await Stage.begin({ routing: oneProxy, config: { limits } });
  await stage.receive(fromAlice("INVITE"), alice);
  await stage.receive(fromAlice("INVITE", { cseq: 2 }), alice);
  assert.deepEqual(stage.words, ["INVITE → 203.0.113.1", "503 → 198.51.100.7"]);
  assert.equal(stage.metrics.value("sipmesh_transaction_overload_total"), 1);
});

test("a message of another member's call is passed on, and handled here when it has been passed on enough", async () => {
  const stage = await Stage.begin({ routing: oneProxy, owner: "other-1" });
  await stage.receive(fromAlice("INVITE"), alice, 0);
  assert.equal(stage.passed[0]?.passedOn, 1);
  assert.deepEqual(stage.words, []);
  const [first] = stage.passed;
  assert.ok(first);
  stage.bus.publish("sipmesh.transaction.self-1", { ...first, membership: 0, passedOn: 2 });
  await settled();
  assert.deepEqual(stage.words, ["INVITE → 203.0.113.1"]);
});

test("CANCEL: the callee's phone stops, the caller hears 200 and 487", async () => {
  const stage = await Stage.begin({ routing: oneProxy });
  await stage.receive(fromAlice("INVITE"), alice);
  const invite = stage.request("INVITE");
  await stage.receive(answer(invite, 180), bob);
  stage.sent.length = 0;
  const cancel = fromAlice("CANCEL", {
    via: "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-alice-1-INVITE;rport=5060;received=198.51.100.7",
  });
  await stage.receive(cancel, alice);
  const sent = stage.request("CANCEL");
  assert.equal(sent.via.branch, invite.via.branch);
  await stage.receive(response(sent, 200, { toTag: "bob" }), bob);
  await stage.receive(answer(invite, 487), bob);
  assert.deepEqual(stage.words.sort(), [
    "200 → 198.51.100.7",
    "487 → 198.51.100.7",
    "ACK → 203.0.113.1",
    "CANCEL → 203.0.113.1",
  ]);
  await stage.receive(cancel, alice);
  assert.deepEqual(stage.words, ["200 → 198.51.100.7"], "and again when it comes again");
});

test("a CANCEL that cancels nothing: 481", async () => {
  const stage = await Stage.begin();
  await stage.receive(fromAlice("CANCEL"), alice);
  assert.deepEqual(stage.words, ["481 → 198.51.100.7"]);
});

test("a response that nobody waits for goes on only where our own seal says so", async () => {
  const stage = await Stage.begin({ routing: oneProxy });
  await stage.receive(fromAlice("INVITE"), alice);
  const invite = stage.request("INVITE");
  await stage.receive(answer(invite, 200), bob);
  await stage.clock.pass(40_000);
  stage.sent.length = 0;
  await stage.receive(answer(invite, 200, "late"), bob);
  assert.deepEqual(stage.words, ["200 → 198.51.100.7"]);

  const forged = answer(invite, 200, "forged");
  await stage.receive({ ...forged, head: forged.head.replace(/;f=./, ";f=!") }, bob);
  assert.deepEqual(stage.words, []);
  assert.equal(stage.metrics.value("sipmesh_transaction_dropped_messages_total", { reason: "response-unknown" }), 1);
});

test("the ACK to an answer of our own is absorbed, also when nothing is remembered of it", async () => {
  const stage = await Stage.begin({
    config: { limits: { transactions: 1, passes: 2, unconfirmed: 100, targets: 60 } },
    routing: oneProxy,
  });
  await stage.receive(fromAlice("OPTIONS"), alice);
  await stage.receive(fromAlice("INVITE", { callId: "call-9" }), alice);
  const refused = stage.last;
  stage.sent.length = 0;
  await stage.receive(fromAlice("ACK", { callId: "call-9", to: refused.first(Name.To) ?? "" }), alice);
  assert.deepEqual(stage.words, []);
  assert.equal(stage.metrics.value("sipmesh_transaction_dropped_messages_total", { reason: "ack-answered-here" }), 1);
});

test("an edge that is gone: what could not be sent is a transport error, and the caller hears 503", async () => {
  const stage = await Stage.begin({ routing: oneProxy });
  await stage.receive(fromAlice("INVITE"), alice);
  const { outbound } = stage.sent.at(-1) ?? assert.fail();
  stage.sent.length = 0;
  stage.bus.publish(outbound.failureTo ?? "", {
    kind: "send-failure",
    key: outbound.failureKey ?? "",
    reason: "refused",
    callId: "call-1",
  });
  await settled();
  assert.deepEqual(stage.words, ["503 → 198.51.100.7"]);
});

function relaying(log: string[]) {
  const see =
    (verb: string) =>
    ({ from, leg }: { from: number; leg?: { calleeTag: string } | undefined }) => {
      log.push(`${verb} ${from === 1 ? "caller" : "callee"} ${leg?.calleeTag ?? ""}`.trimEnd());
      return { sdp: Buffer.from(`relayed ${verb}`), relay: "self-1" };
    };
  const told = (verb: string) => (request: { leg?: { calleeTag: string } | undefined }) => {
    log.push(`${verb} ${request.leg?.calleeTag ?? ""}`.trimEnd());
    return verb === "delete" ? { streams: [] } : {};
  };
  return { offer: see("offer"), answer: see("answer"), reject: told("reject"), delete: told("delete") } as never;
}

test("offers and answers pass through media: INVITE and 200, a refused re-INVITE, BYE", async () => {
  const log: string[] = [];
  const stage = await Stage.begin({ routing: mediaAlways, media: relaying(log) });
  await stage.receive(fromAlice("INVITE", withSdp), alice);
  const invite = stage.request("INVITE");
  assert.equal(Buffer.from(invite.body).toString(), "relayed offer");
  const described = { toTag: "bob", recordRoute: true, ...withSdp };
  await stage.receive(response(invite, 183, described), bob);
  await stage.receive(response(invite, 200, described), bob);
  assert.equal(Buffer.from(stage.last.body).toString(), "relayed answer");
  assert.deepEqual(log, ["offer caller", "answer callee bob"], "the same answer twice is one exchange");

  const route = stage.last.all(Name.RecordRoute);
  const within = { uri: "sip:bob@203.0.113.1:5060", route, to: "<sip:bob@example.com>;tag=bob" };
  await stage.receive(fromAlice("INVITE", { ...within, ...withSdp, cseq: 2 }), alice);
  await stage.receive(response(stage.request("INVITE"), 488), bob);
  await stage.receive(fromAlice("BYE", { ...within, cseq: 3 }), alice);
  await stage.receive(response(stage.request("BYE"), 200), bob);
  assert.deepEqual(log.slice(2), ["offer caller bob", "reject bob", "delete bob"]);
});

test("an INVITE without an offer: the 200 offers, the ACK answers", async () => {
  const log: string[] = [];
  const stage = await Stage.begin({ routing: mediaAlways, media: relaying(log) });
  await stage.receive(fromAlice("INVITE"), alice);
  const invite = stage.request("INVITE");
  await stage.receive(response(invite, 200, { toTag: "bob", recordRoute: true, ...withSdp }), bob);
  const route = stage.last.all(Name.RecordRoute);
  const within = { uri: "sip:bob@203.0.113.1:5060", route, to: "<sip:bob@example.com>;tag=bob" };
  await stage.receive(fromAlice("ACK", { ...within, ...withSdp }), alice);
  assert.equal(Buffer.from(stage.request("ACK").body).toString(), "relayed answer");
  assert.deepEqual(log, ["offer callee bob", "answer caller bob"]);
});

test("an answer that no transaction waits for passes through media all the same; one that media does not know goes as it came", async () => {
  const log: string[] = [];
  const stage = await Stage.begin({ routing: mediaAlways, media: relaying(log) });
  await stage.receive(fromAlice("INVITE", withSdp), alice);
  const accepted = response(stage.request("INVITE"), 200, { toTag: "bob", recordRoute: true, ...withSdp });
  const knowing = await Stage.begin({ media: relaying(log) });
  await knowing.receive(accepted, bob);
  assert.equal(Buffer.from(knowing.last.body).toString(), "relayed answer");
  assert.deepEqual(log, ["offer caller", "answer callee bob"]);
  const answer = () => Promise.reject(new RpcError(Code.NotFound, "media-no-offer"));
  const refusing = await Stage.begin({ media: { answer } as never });
  await refusing.receive(accepted, bob);
  assert.deepEqual(refusing.last.body, withSdp.body);
});

test("media away: the INVITE is answered 503, nothing rings", async () => {
  const stage = await Stage.begin({ routing: mediaAlways });
  await stage.receive(fromAlice("INVITE", withSdp), alice);
  assert.deepEqual(stage.words, ["503 → 198.51.100.7"]);
});

test("a description that media cannot read: 488", async () => {
  const offer = () => {
    throw new RpcError(Code.InvalidArgument, "media-bad-sdp");
  };
  const stage = await Stage.begin({ routing: mediaAlways, media: { offer } });
  await stage.receive(fromAlice("INVITE", withSdp), alice);
  assert.deepEqual(stage.words, ["488 → 198.51.100.7"]);
});

test("what is going on can be seen", async () => {
  const stage = await Stage.begin({ routing: oneProxy });
  await stage.receive(fromAlice("INVITE"), alice);
  const state = stage.service.state() as { callsInSetup: number; calls: { callId: string }[] };
  assert.equal(state.callsInSetup, 1);
  assert.equal(state.calls[0]?.callId, "call-1");
  assert.equal(stage.metrics.value("sipmesh_calls_in_setup"), 1);
  assert.deepEqual(stage.service.ready(), { ok: true });
});
