import assert from "node:assert/strict";
import { test } from "node:test";
import { answersInvite } from "./cseq-line.ts";

test("a response answers an INVITE where its CSeq says so, not where Allow names one", () => {
  const response = (...lines: string[]) => Buffer.from(`SIP/2.0 200 OK\r\n${lines.join("\r\n")}\r\n\r\n`);
  assert.equal(answersInvite(response("Via: x", "CSeq: 1 INVITE", "To: y")), true);
  assert.equal(answersInvite(response("Allow: ACK, INVITE", "cseq : 4711  INVITE")), true);
  assert.equal(answersInvite(response("Allow: ACK, INVITE", "CSeq: 2 BYE")), false);
  assert.equal(answersInvite(response("CSeq: 1 REINVITE")), false);
});
