import assert from "node:assert/strict";
import { test } from "node:test";
import { fromDraft, type Request } from "@sipmesh/sip";
import { requestOf, responseTo } from "../testing/stage.ts";
import {
  confirmed,
  dialogKey,
  dialogKeyOfRequest,
  dialogOfCallee,
  dialogOfCaller,
  receiveAnswer,
  receiveWithin,
} from "./dialog.ts";
import { ackWithin, nextHop, requestWithin } from "./request-within.ts";

const via = "SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKnext";
const invite = requestOf("INVITE", {
  contact: "<sip:alice@pc33.atlanta.com>",
  headers: [["Record-Route", "<sip:p2.example.com;lr>, <sip:p1.example.com;lr>"]],
});
const ok = responseTo(invite, 200, { contact: "<sip:bob@192.0.2.4>", recordRoute: true });

function lines(request: { head: string }): string[] {
  return request.head.split("\r\n").filter((line) => /^(\S+ sip:|Route|From|To|CSeq|Contact)/.test(line));
}

test("the caller goes back the way of the Record-Route, to the callee's Contact (section 12.1.2)", () => {
  const dialog = dialogOfCaller(invite, ok);
  const { request, dialog: after } = requestWithin(dialog, { method: "BYE", via });
  assert.deepEqual(lines(request), [
    "BYE sip:bob@192.0.2.4 SIP/2.0",
    "Route: <sip:p1.example.com;lr>",
    "Route: <sip:p2.example.com;lr>",
    "From: Alice <sip:alice@atlanta.com>;tag=1928301774",
    "To: Bob <sip:bob@biloxi.com>;tag=a6c85cf",
    "CSeq: 314160 BYE",
  ]);
  assert.equal(after.localSequence, 314160);
  assert.equal(nextHop(dialog), "sip:p1.example.com;lr");
});

test("the callee goes it the other way round (section 12.1.1)", () => {
  const dialog = dialogOfCallee(invite, "a6c85cf", "confirmed");
  assert.deepEqual(lines(requestWithin(dialog, { method: "BYE", via }).request), [
    "BYE sip:alice@pc33.atlanta.com SIP/2.0",
    "Route: <sip:p2.example.com;lr>",
    "Route: <sip:p1.example.com;lr>",
    "From: Bob <sip:bob@biloxi.com>;tag=a6c85cf",
    "To: Alice <sip:alice@atlanta.com>;tag=1928301774",
    "CSeq: 1 BYE",
  ]);
});

test("a request of the one finds the dialog of the other", () => {
  const caller = dialogOfCaller(invite, ok);
  const callee = dialogOfCallee(invite, "a6c85cf", "confirmed");
  const bye = fromDraft(requestWithin(caller, { method: "BYE", via }).request) as Request;
  assert.equal(dialogKeyOfRequest(bye), dialogKey(callee));
});

test("a first hop without lr is a strict router: it becomes the Request-URI (section 12.2.1.1)", () => {
  const dialog = { ...dialogOfCaller(invite, ok), routeSet: ["<sip:p1.example.com?x=y>", "<sip:p2.example.com;lr>"] };
  assert.deepEqual(lines(requestWithin(dialog, { method: "INFO", via }).request).slice(0, 3), [
    "INFO sip:p1.example.com SIP/2.0",
    "Route: <sip:p2.example.com;lr>",
    "Route: <sip:bob@192.0.2.4>",
  ]);
});

test("the ACK to a 2xx bears the number of its INVITE", () => {
  const dialog = { ...dialogOfCaller(invite, ok), localSequence: 400000 };
  assert.ok(lines(ackWithin(dialog, 314159, { via })).includes("CSeq: 314159 ACK"));
});

test("an early dialog is confirmed by the 2xx, which brings its own route set (section 13.2.2.4)", () => {
  const ringing = responseTo(invite, 180, { contact: "<sip:bob@early>" });
  const early = dialogOfCaller(invite, ringing);
  assert.equal(early.state, "early");
  assert.deepEqual(early.routeSet, []);
  const dialog = confirmed(early, ok);
  assert.equal(dialog.state, "confirmed");
  assert.equal(dialog.remoteTarget, "sip:bob@192.0.2.4");
  assert.equal(dialog.routeSet.length, 2);
});

test("a request that was overtaken is refused; ACK and CANCEL are not counted (section 12.2.2)", () => {
  const dialog = dialogOfCallee(invite, "a6c85cf", "confirmed");
  assert.equal(receiveWithin(dialog, requestOf("BYE", { cseq: 314158 })).outcome, "out-of-order");
  assert.deepEqual(receiveWithin(dialog, requestOf("ACK", { cseq: 1 })), { outcome: "accepted", dialog });
  const next = receiveWithin(dialog, requestOf("INFO", { cseq: 314200 }));
  assert.equal(next.outcome === "accepted" && next.dialog.remoteSequence, 314200);
});

test("INVITE and UPDATE move the remote target, others do not, and neither touches the route set", () => {
  const dialog = dialogOfCallee(invite, "a6c85cf", "confirmed");
  for (const [method, target] of [
    ["INVITE", "sip:alice@new"],
    ["UPDATE", "sip:alice@new"],
    ["INFO", "sip:alice@pc33.atlanta.com"],
  ] as const) {
    const moved = receiveWithin(dialog, requestOf(method, { cseq: 314160, contact: "<sip:alice@new>" }));
    assert.ok(moved.outcome === "accepted");
    assert.equal(moved.dialog.remoteTarget, target);
    assert.equal(moved.dialog.routeSet, dialog.routeSet);
  }
  const caller = dialogOfCaller(invite, ok);
  const answered = responseTo(requestOf("INVITE"), 200, { contact: "<sip:bob@moved>" });
  assert.equal(receiveAnswer(caller, answered).remoteTarget, "sip:bob@moved");
  const refused = responseTo(requestOf("INVITE"), 488, { contact: "<sip:bob@moved>" });
  assert.equal(receiveAnswer(caller, refused), caller);
});
