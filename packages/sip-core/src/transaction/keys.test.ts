import assert from "node:assert/strict";
import { test } from "node:test";
import { requestOf, responseTo } from "../testing/stage.ts";
import { clientKey, clientTransactionKey, inviteKeyOf, serverTransactionKey } from "./keys.ts";

const old = { via: "SIP/2.0/UDP pc33.atlanta.com" };

test("an ACK and a CANCEL find their INVITE by its branch (section 17.2.3)", () => {
  const key = serverTransactionKey(requestOf("INVITE"));
  assert.equal(serverTransactionKey(requestOf("ACK", { to: "Bob <sip:bob@biloxi.com>;tag=x" })), key);
  assert.equal(inviteKeyOf(requestOf("CANCEL")), key);
  assert.notEqual(serverTransactionKey(requestOf("CANCEL")), key);
});

test("the same branch of another sender is another transaction", () => {
  const other = requestOf("INVITE", { via: "SIP/2.0/UDP pc34.atlanta.com;branch=z9hG4bK776asdhds" });
  assert.notEqual(serverTransactionKey(other), serverTransactionKey(requestOf("INVITE")));
});

test("without the magic cookie, or with nothing after it, requests are matched as RFC 2543 did", () => {
  for (const via of [old.via, "SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK", "SIP/2.0/UDP pc33.atlanta.com;branch=1"]) {
    const key = serverTransactionKey(requestOf("INVITE", { via }));
    assert.equal(serverTransactionKey(requestOf("INVITE", { via })), key);
    assert.equal(serverTransactionKey(requestOf("ACK", { via, to: "<sip:bob@biloxi.com>;tag=9" })), key);
    assert.equal(inviteKeyOf(requestOf("CANCEL", { via })), key);
    for (const change of [
      { cseq: 7 },
      { callId: "other" },
      { uri: "sip:carol@biloxi.com" },
      { from: "<sip:a@b>;tag=2" },
    ]) {
      assert.notEqual(serverTransactionKey(requestOf("INVITE", { via, ...change })), key);
    }
  }
});

test("what the edge adds to a Via does not change the key", () => {
  const marked = { via: `${old.via};received=192.0.2.1;rport=9999` };
  assert.equal(serverTransactionKey(requestOf("INVITE", marked)), serverTransactionKey(requestOf("INVITE", old)));
});

test("a response finds its client transaction by branch and method: that of CANCEL is not the INVITE's", () => {
  const invite = responseTo(requestOf("INVITE"), 200);
  const cancel = responseTo(requestOf("CANCEL"), 200);
  assert.equal(clientTransactionKey(invite), clientKey("z9hG4bK776asdhds", "INVITE"));
  assert.notEqual(clientTransactionKey(cancel), clientTransactionKey(invite));
});
