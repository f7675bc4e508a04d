import assert from "node:assert/strict";
import { test } from "node:test";
import { requestOf, responseTo } from "../testing/stage.ts";
import { acknowledges, inOrder, isReliableProvisional, rackValue } from "./reliable-provisional.ts";

const ringing = (status: number, ...headers: [string, string][]) =>
  responseTo(requestOf("INVITE"), status, { headers });

test("a provisional response is reliable where it requires 100rel and has an RSeq; a 100 never is", () => {
  assert.ok(isReliableProvisional(ringing(183, ["Require", "foo, 100REL"], ["RSeq", "988789"])));
  assert.ok(!isReliableProvisional(ringing(183, ["Require", "100rel"])));
  assert.ok(!isReliableProvisional(ringing(183, ["RSeq", "1"])));
  assert.ok(!isReliableProvisional(ringing(100, ["Require", "100rel"], ["RSeq", "1"])));
  assert.ok(!isReliableProvisional(ringing(200, ["Require", "100rel"], ["RSeq", "1"])));
});

test("they are acknowledged in order (RFC 3262 section 4)", () => {
  const second = ringing(183, ["Require", "100rel"], ["RSeq", "2"]);
  assert.ok(inOrder(undefined, second));
  assert.ok(inOrder(1, second));
  assert.ok(!inOrder(2, second));
  assert.ok(!inOrder(0, second));
});

test("the RAck names response and INVITE, and is recognised by who sent the response", () => {
  const response = ringing(183, ["Require", "100rel"], ["RSeq", "776656"]);
  assert.equal(rackValue(response), "776656 314159 INVITE");
  const prack = requestOf("PRACK", { headers: [["RAck", rackValue(response)]] });
  assert.ok(acknowledges(prack, { rseq: 776656, cseq: 314159 }));
  assert.ok(!acknowledges(prack, { rseq: 776657, cseq: 314159 }));
  assert.ok(!acknowledges(requestOf("PRACK"), { rseq: 776656, cseq: 314159 }));
});
