import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError, loadConfig } from "@sipmesh/config";
import { transactionSection } from "./config.ts";

/** What is in force, or what is wrong without the key's own description. */
function sentBy(value: string): string | undefined {
  const text = JSON.stringify({ transaction: { sentBy: value } });
  try {
    return loadConfig([transactionSection], { file: { name: "f", text }, environment: {} }).of(transactionSection)
      .sentBy;
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message.replace(/ \(Name whose SRV.*/s, "");
  }
}

const noName = (value: string) =>
  `f:1: transaction.sentBy: "${value}" is wrong; expected a domain name such as edges.example.com: no IP address, and without a port`;

describe("the name that leads to all edges", () => {
  for (const [value, becomes] of [
    ["edges.example.com", "edges.example.com"],
    ["Edges.EXAMPLE.com", "edges.example.com"],
    ["e-1.x2.voip", "e-1.x2.voip"],
    ["1.2.example", "1.2.example"],
    ["edges.of-a-company.example.com", "edges.of-a-company.example.com"],
    ["192.0.2.1", noName("192.0.2.1")],
    ["2001:db8::1", noName("2001:db8::1")],
    ["[2001:db8::1]", noName("[2001:db8::1]")],
    ["edges.example.com:5060", noName("edges.example.com:5060")],
    ["sip:edges.example.com", noName("sip:edges.example.com")],
    ["_sip._udp.example.com", noName("_sip._udp.example.com")],
    ["edges", noName("edges")],
    ["edges..example", noName("edges..example")],
    ["-edges.example", noName("-edges.example")],
    ["edges.example.com;lr", noName("edges.example.com;lr")],
    ["", noName("")],
  ] as const) {
    it(`${value || "nothing"} ${becomes === value.toLowerCase() ? "is one" : "is none"}`, () =>
      assert.equal(sentBy(value), becomes));
  }

  it("of more than 30 characters is refused, and why is said", () => {
    const text = "transaction: { sentBy: edges.of-a-company.example.info0 }";
    assert.throws(
      () => loadConfig([transactionSection], { file: { name: "f", text }, environment: {} }),
      /expected at most 30 characters \(.*no more than 300 bytes are added to an INVITE/,
    );
  });

  it("is not there unless it is set", () => {
    assert.equal(loadConfig([transactionSection], { environment: {} }).of(transactionSection).sentBy, undefined);
  });
});
