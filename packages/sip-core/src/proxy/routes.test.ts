import assert from "node:assert/strict";
import { test } from "node:test";
import { fromDraft, Name, type Request, type Response, response } from "@sipmesh/sip";
import { callerFlow, ProxyStage, phone, testSealer, testTools, wayTo } from "../testing/proxy-stage.ts";
import { requestOf } from "../testing/stage.ts";
import { hostsOf } from "./dialog-hosts.ts";
import { openDialogToken, sealDialogToken } from "./dialog-token.ts";
import { LONGEST_REFERENCE, readFlowReference, referenceTo, writeFlowReference } from "./flow-reference.ts";
import { processRoutes } from "./route-processing.ts";
import { descriptionIn, withDescription } from "./session-description.ts";
import { routeAck, routeUnknown } from "./stateless.ts";

const via = "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK776asdhds;received=198.51.100.7;rport=5060";
const callId = "a84b4c76e66710@pc33.atlanta.com";
const source = "198.51.100.7";
const beginning = (vouched: boolean, contact = `<sip:alice@${source}>`, next = "sip:bob@203.0.113.1") => ({
  request: requestOf("INVITE", { headers: [["Contact", contact]] }),
  source,
  vouched,
  next,
  reached: "203.0.113.1",
});
const tokenOf = (vouched: boolean, contact?: string, next?: string) =>
  sealDialogToken(
    { media: false, mediaInstance: 0, hosts: hostsOf(beginning(vouched, contact, next), callId, testSealer) },
    testSealer,
    callId,
    "1928301774",
  );
const token = tokenOf(true);
const ours = `<sip:${token}@192.0.2.1;lr>`;
const tagged = "Bob <sip:bob@biloxi.com>;tag=bob";
const routed = (request: Request, from = source) => processRoutes(request, testSealer, testTools.isOwn, from);
const first = (request: Request, ways = [wayTo("203.0.113.1")]) =>
  new ProxyStage(request).goes([phone(1, { uri: "sip:bob@203.0.113.1", ways })]).requests[0]?.message ?? assert.fail();

test("a dialog's request is known by the token in Route, and by the tag who of the two speaks", () => {
  const { dialog, removed, routes } = routed(requestOf("BYE", { route: [ours, "<sip:p2.biloxi.com;lr>"], to: tagged }));
  assert.equal(dialog?.sender, "caller");
  assert.equal(removed, 1);
  assert.deepEqual(routes, ["<sip:p2.biloxi.com;lr>"]);
  const back = requestOf("BYE", {
    uri: `sip:alice@${source}`,
    route: [ours],
    from: tagged,
    to: "<sip:alice@atlanta.com>;tag=1928301774",
  });
  assert.equal(routed(back).dialog?.sender, "callee");
});

test("a token opens no way but those of its dialog: whoever holds it writes the URI as he likes", () => {
  const toVictim = (token: string, from: string, to: string, sentFrom: string, uri = "sip:+19005551234@192.0.2.99") =>
    routed(requestOf("INVITE", { uri, route: [`<sip:${token}@192.0.2.1;lr>`], from, to }), sentFrom).dialog?.byUri;
  const asCaller = ["<sip:a@b>;tag=1928301774", "<sip:v@w>;tag=any"] as const;
  const asCallee = ["<sip:v@w>;tag=any", "<sip:a@b>;tag=1928301774"] as const;
  assert.equal(toVictim(token, ...asCaller, source), true, "a subscriber may send anywhere");
  assert.equal(toVictim(token, ...asCaller, "203.0.113.1"), undefined, "his callee may not in his name");
  assert.equal(toVictim(token, ...asCallee, "203.0.113.1"), undefined, "nor in its own");
  assert.equal(toVictim(token, ...asCallee, "203.0.113.1", `sip:alice@${source};maddr=192.0.2.99`), undefined);
  assert.equal(toVictim(token, ...asCallee, "203.0.113.1", `sip:alice@${source}`), true);
  for (const contact of [undefined, "<sip:x@192.0.2.99>", "<sip:x@named.example>"]) {
    const strangers = tokenOf(false, contact);
    assert.equal(toVictim(strangers, ...asCaller, source), undefined);
    assert.equal(toVictim(strangers, ...asCallee, source), undefined, "his own contact is no licence");
    assert.equal(toVictim(strangers, ...asCaller, source, "sip:bob@203.0.113.1:5080"), true);
  }
});

test("a stranger whose call went to a name may go on to the address that the name led to, and nowhere else", () => {
  const named = tokenOf(false, undefined, "sip:bob@carrier.example");
  const to = (uri: string) =>
    routed(requestOf("BYE", { uri, route: [`<sip:${named}@192.0.2.1;lr>`], to: tagged })).dialog?.byUri;
  assert.equal(to("sip:bob@203.0.113.1"), true);
  assert.equal(to("sip:bob@192.0.2.99"), undefined);
});

test("the next hop of a Route behind ours counts as the URI does", () => {
  const over = (hop: string) =>
    routed(requestOf("BYE", { uri: "sip:bob@203.0.113.1", route: [ours, hop], to: tagged }), "203.0.113.5").dialog
      ?.byUri;
  assert.equal(over("<sip:203.0.113.1;lr>"), true);
  assert.equal(over("<sip:192.0.2.99;lr>"), undefined);
});

test("without a To tag a token opens no door: the Route is ours and goes, the request is out of dialog", () => {
  const { dialog, removed } = routed(requestOf("INVITE", { route: [ours] }));
  assert.equal(dialog, undefined);
  assert.equal(removed, 1);
});

test("a token that was altered, or of another call, is none; our address is ours all the same", () => {
  for (const request of [
    requestOf("BYE", { route: [`<sip:${token.slice(1)}A@192.0.2.1;lr>`], to: tagged }),
    requestOf("BYE", { route: [ours], to: tagged, callId: "another" }),
  ]) {
    assert.equal(routed(request).dialog, undefined);
    assert.equal(routed(request).removed, 1);
  }
});

test("what a strict router did is undone (section 16.4)", () => {
  const request = requestOf("BYE", {
    uri: `sip:${token}@192.0.2.1;lr`,
    route: ["<sip:bob@203.0.113.1>"],
    to: tagged,
    via,
  });
  const { uri, strict, routes, dialog } = routed(request);
  assert.deepEqual({ uri, strict, routes }, { uri: "sip:bob@203.0.113.1", strict: true, routes: [] });
  assert.ok(dialog);
  const stage = new ProxyStage(request);
  assert.deepEqual(stage.effects.at(-1), { type: "locate", uri: "sip:bob@203.0.113.1", byUri: true, flow: undefined });
});

test("a strict router ahead finds its URI in the Request-URI and the target's last in Route (section 16.6 item 6)", () => {
  const sent = first(
    requestOf("INVITE", { via, route: ["<sip:192.0.2.1;lr>", "<sip:old.biloxi.com>", "<sip:p3;lr>"] }),
  );
  assert.equal(sent.uri, "sip:old.biloxi.com");
  assert.deepEqual(sent.list(Name.Route), ["<sip:p3;lr>", "<sip:bob@203.0.113.1>"]);
});

test("a Route to somewhere else stays, and the next hop inside a dialog is its first value", () => {
  const stage = new ProxyStage(requestOf("BYE", { via, route: [ours, "<sip:p2.biloxi.com;lr>"], to: tagged }));
  assert.deepEqual(stage.effects.at(-1), { type: "locate", uri: "sip:p2.biloxi.com;lr", byUri: true, flow: undefined });
});

test("what is not ours to change stays byte for byte", () => {
  const headers = [
    ["X-Odd", "  a ,b;c  "],
    ["subject", "lower"],
    ["X-Odd", "twice"],
  ] as const;
  const body = Uint8Array.from([0, 255, 13, 10, 13, 10, 128]);
  const request = requestOf("INVITE", { via, headers, body, contentType: "application/octet-stream" });
  const sent = first(request);
  for (const line of request.head.split("\r\n").filter((text) => !/^(INVITE|Max-Forwards|$)/.test(text))) {
    assert.ok(sent.head.includes(`${line}\r\n`), line);
  }
  assert.deepEqual(sent.body, body);
  assert.equal(sent.maxForwards, 69);
});

test("Record-Route goes on what can form a dialog, and on nothing else", () => {
  const recorded = (method: string, to?: string) =>
    first(requestOf(method, { via, ...(to && { to }) })).has(Name.RecordRoute);
  assert.deepEqual(
    [recorded("INVITE"), recorded("SUBSCRIBE"), recorded("MESSAGE"), recorded("INVITE", tagged)],
    [true, true, false, false],
  );
});

test("credentials for our own realm go no further", () => {
  const mine = 'Digest username="alice", realm="atlanta.com", response="1"';
  const other = 'Digest username="alice", realm="elsewhere", response="2"';
  const headers = [mine, other].map((value) => ["Proxy-Authorization", value] as const);
  const stage = new ProxyStage(requestOf("INVITE", { via, headers })).goes([phone(1)], {
    consumedRealm: "atlanta.com",
  });
  assert.deepEqual(stage.requests[0]?.message.all(Name.ProxyAuthorization), [other]);
});

test("a token is 80 characters at most, with two flows of IPv4 and a relay; what finds no room is left to the Contact", () => {
  const v4 = referenceTo(callerFlow);
  const v6 = referenceTo({ ...callerFlow, remote: { address: "2001:db8::7", port: 5060 } });
  const sealed = (flows: object) =>
    sealDialogToken({ media: true, mediaInstance: 0xfeedbeef, ...flows }, testSealer, "c", "t");
  for (const flows of [
    { caller: v4, callee: v4 },
    { caller: v6, callee: v6 },
  ])
    assert.ok(sealed(flows).length <= 80);
  const read = (text: string) => openDialogToken(text, testSealer, "c", "t", "")?.token;
  assert.deepEqual(read(sealed({ caller: v4, callee: v4 })), {
    media: true,
    mediaInstance: 0xfeedbeef,
    caller: v4,
    callee: v4,
    hosts: undefined,
  });
  assert.deepEqual(read(sealed({ caller: v6, callee: v6 })), {
    media: true,
    mediaInstance: 0xfeedbeef,
    caller: v6,
    callee: undefined,
    hosts: undefined,
  });
});

test("flow references survive their encoding", () => {
  for (const address of ["203.0.113.9", "0.0.0.0", "2001:db8::7", "::1", "fe80::1:2:3:4"]) {
    const reference = referenceTo({ ...callerFlow, remote: { address, port: 65_535 } });
    const bytes = new Uint8Array(2 + LONGEST_REFERENCE);
    const end = writeFlowReference(reference, bytes, 2);
    assert.deepEqual(readFlowReference(bytes.subarray(0, end), 2), { reference, end });
  }
});

test("an ACK outside a dialog goes nowhere; within one it goes by the route set", () => {
  assert.equal(routeAck(requestOf("ACK", { to: tagged }), source, testTools), "outside-dialog");
  assert.equal(
    routeAck(requestOf("ACK", { to: tagged, route: [ours], maxForwards: 0 }), source, testTools),
    "too-many-hops",
  );
  const route = routeAck(
    requestOf("ACK", { to: tagged, route: [ours], uri: "sip:bob@203.0.113.1" }),
    source,
    testTools,
  );
  assert.equal(typeof route === "object" && route.uri, "sip:bob@203.0.113.1");
});

test("a response that nobody knows goes on by the mark in its Via, and not without", () => {
  const sent = first(requestOf("INVITE", { via }));
  const late = fromDraft(response(sent, 200, { toTag: "late" })) as Response;
  assert.deepEqual(routeUnknown(late, testTools)?.flow, referenceTo(callerFlow));
  const moved = fromDraft({ head: late.head.replace(callId, "another-call"), body: late.body }) as Response;
  assert.equal(routeUnknown(moved, testTools), undefined);
  const bare = fromDraft({ head: late.head.replace(/;f=[^;\r]+/, ""), body: late.body }) as Response;
  assert.equal(routeUnknown(bare, testTools), undefined);
});

test("a refusal that comes when its transaction is over goes on only for an owner that is gone", () => {
  const sent = first(requestOf("INVITE", { via }));
  const late = fromDraft(response(sent, 603, { toTag: "late" })) as Response;
  assert.equal(routeUnknown(late, testTools), undefined);
  assert.deepEqual(routeUnknown(late, { ...testTools, owner: testTools.owner + 1 })?.flow, referenceTo(callerFlow));
});

test("the session description is found in a multipart body, and all around it stays", () => {
  const text =
    "--b\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n";
  const body = Uint8Array.from(text, (c) => c.charCodeAt(0));
  const message = requestOf("INVITE", { body, contentType: 'multipart/mixed; boundary="b"' });
  const part = descriptionIn(message) ?? assert.fail();
  const changed = withDescription(
    body,
    part,
    Uint8Array.from("v=1", (c) => c.charCodeAt(0)),
  );
  assert.equal(String.fromCharCode(...changed), text.replace("v=0", "v=1"));
  assert.equal(descriptionIn(requestOf("INVITE", { body, contentType: "text/plain" })), undefined);
});
