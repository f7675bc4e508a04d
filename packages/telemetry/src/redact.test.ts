import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { redact, redactText } from "./redact.ts";

test("Credentials in a SIP message are not shown, folded lines included", () => {
  const message =
    'REGISTER sip:a SIP/2.0\r\nAuthorization: Digest username="alice",\r\n response="0123456789abcdef"\r\n' +
    "PROXY-AUTHORIZATION : Digest x\r\nCall-ID: 7\r\n\r\n";
  assert.equal(
    redactText(message),
    "REGISTER sip:a SIP/2.0\r\nAuthorization: [redacted]\r\nPROXY-AUTHORIZATION : [redacted]\r\nCall-ID: 7\r\n\r\n",
  );
});

test("Passwords in URIs and keys in SDP are not shown", () => {
  assert.equal(redactText("to sip:alice:geheim@example.com now"), "to sip:alice:[redacted]@example.com now");
  assert.equal(redactText("nats://user:geheim@10.0.0.1:4222"), "nats://user:[redacted]@10.0.0.1:4222");
  assert.equal(redactText("a=crypto:1 AES inline:abc\r\nm="), "a=crypto: [redacted]\r\nm=");
  assert.equal(redactText("sip:alice@10.0.0.1:5060"), "sip:alice@10.0.0.1:5060");
});

test("Fields that hold secrets are not shown, however deep", () => {
  assert.deepEqual(redact({ user: "alice", list: [{ Password: "x", ha1: "y" }], body: Uint8Array.of(1), count: 3n }), {
    user: "alice",
    list: [{ Password: "[redacted]", ha1: "[redacted]" }],
    body: "[redacted]",
    count: "3",
  });
});

test("An error is shown with its cause, without secrets", () => {
  const shown = JSON.stringify(
    redact({ err: new Error("for sip:a:geheim@b", { cause: new Error("sip:c:geheim@d") }) }),
  );
  assert.doesNotMatch(shown, /geheim/);
  assert.match(shown, /"cause":\{"type":"Error"/);
});

test("A circle ends", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  assert.match(JSON.stringify(redact(circle)), /…/);
});

test("No text makes it slow or lets a credential through", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 3000 }), (noise) => {
      const text = redactText(
        `${noise.replaceAll("\r", "").replaceAll("\n", "").slice(0, 500)}\r\nAuthorization: Digest geheim-1234\r\n${noise}`,
      );
      assert.doesNotMatch(text, /geheim-1234/);
    }),
  );
});
