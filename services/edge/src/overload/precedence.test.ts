import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { latin1 } from "@sipmesh/environment";
import { parseDatagram, type Request } from "@sipmesh/sip";
import { requestText } from "../testing/platform.ts";
import { Precedences } from "./precedence.ts";

function request(options: Partial<Parameters<typeof requestText>[0]>): Request {
  const text = requestText({ via: "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", method: "INVITE", ...options });
  const parsed = parseDatagram(Buffer.from(text, "latin1"), latin1.decode);
  assert.ok(parsed.ok && !("keepAlive" in parsed) && parsed.message.kind === "request");
  return parsed.message;
}

const precedences = new Precedences({
  emergency: ["112", "sip:help@psap.example"],
  namespaces: ["ets", "dsn.flash"],
  inDialog: ({ callId }) => callId === "let-in",
});

describe("who comes first", () => {
  for (const method of ["ACK", "BYE", "CANCEL", "PRACK", "UPDATE", "INFO"])
    it(`${method} belongs to a call in progress`, () => {
      assert.equal(precedences.of(request({ method }), false), "in-progress");
    });

  it("a request with a To tag is in progress; an INVITE only where it is proven that its dialog was let in", () => {
    assert.equal(precedences.of(request({ method: "NOTIFY", toTag: "t" }), false), "in-progress");
    assert.equal(precedences.of(request({ toTag: "t", callId: "let-in" }), false), "in-progress");
    assert.equal(precedences.of(request({ toTag: "t", callId: "forged" }), false), "call");
  });

  for (const uri of [
    "urn:service:sos",
    "URN:Service:SOS.police",
    "sip:112@example.com",
    "tel:112;phone-context=+49",
    "sip:help@PSAP.example;transport=tcp",
  ])
    it(`${uri} is an emergency (RFC 5031, or by configuration)`, () => {
      assert.equal(precedences.of(request({ uri }), false), "emergency");
    });

  for (const uri of ["urn:service:sosimple", "urn:service:counseling", "sip:1124@example.com", "sip:bob@112.example"])
    it(`${uri} is a call like others`, () => {
      assert.equal(precedences.of(request({ uri }), false), "call");
    });

  it("Resource-Priority (RFC 4412) is heard from trusted peers, and of the namespaces that are configured", () => {
    const with_ = (value: string) => request({ headers: `Resource-Priority: ${value}\r\n` });
    assert.equal(precedences.of(with_("wps.3, ETS.0"), true), "priority");
    assert.equal(precedences.of(with_("dsn.flash"), true), "priority");
    assert.equal(precedences.of(with_("dsn.routine"), true), "call");
    assert.equal(precedences.of(with_("ets.0"), false), "call");
  });

  it("REGISTER and the rest come last; a trunk that asks whether we live is always answered", () => {
    for (const method of ["REGISTER", "SUBSCRIBE", "OPTIONS", "MESSAGE"])
      assert.equal(precedences.of(request({ method }), false), "other");
    assert.equal(precedences.of(request({ method: "OPTIONS" }), true), "in-progress");
    assert.equal(precedences.of(request({ method: "REGISTER", uri: "sip:112@example.com" }), false), "other");
  });
});
