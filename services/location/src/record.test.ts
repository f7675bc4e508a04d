import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Binding } from "@sipmesh/sip-core";
import fc from "fast-check";
import { decodeBindings, encodeBindings, readSummary, UnreadableRecord } from "./record.ts";

/** SIP texts: one character for each byte, whatever the byte. */
const text = fc.string({
  unit: fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom("\t", "\n", "\\", "t", "n", "\r", "\0") },
    { weight: 3, arbitrary: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) },
  ),
  maxLength: 40,
});
const port = fc.integer({ min: 0, max: 65_535 });
const address = fc.record({ address: fc.constantFrom("10.0.0.1", "2001:db8::1"), port }, { noNullPrototype: true });
const flow = fc.record(
  {
    edge: fc.constantFrom("edge-k3j9x", "all-1"),
    transport: fc.constantFrom("udp", "tcp", "tls", "ws", "wss"),
    local: address,
    remote: address,
    connection: fc.nat(),
  } as const,
  { noNullPrototype: true },
);
const binding: fc.Arbitrary<Binding> = fc.record(
  {
    uri: text,
    q: fc.integer({ min: 0, max: 1000 }),
    parameters: text,
    callId: text,
    cseq: fc.integer({ min: 0, max: 0xffff_ffff }),
    expiresAt: fc.integer({ min: 0, max: 2 ** 44 }),
    lifetime: fc.integer({ min: 0, max: 0xffff_ffff }),
    path: fc.array(text, { maxLength: 3 }),
    flow,
    nat: fc.boolean(),
    userAgent: text,
  },
  {
    noNullPrototype: true,
    requiredKeys: ["uri", "q", "parameters", "callId", "cseq", "expiresAt", "lifetime", "path", "nat", "userAgent"],
  },
);

describe("a record of bindings", () => {
  it("gives back what was put in, whatever the phone wrote", () => {
    fc.assert(
      fc.property(fc.array(binding, { maxLength: 5 }), (bindings) => {
        const bytes = encodeBindings(bindings);
        assert.deepEqual(decodeBindings(bytes), bindings);
        assert.deepEqual(readSummary(bytes), {
          contacts: bindings.length,
          latestExpiry: Math.max(0, ...bindings.map(({ expiresAt }) => expiresAt)),
        });
      }),
    );
  });

  it("of another format or cut short is refused, never misread", () => {
    const bytes = encodeBindings([
      {
        uri: "sip:a@10.0.0.1",
        q: 1000,
        parameters: "",
        callId: "c",
        cseq: 1,
        expiresAt: 1e12,
        lifetime: 60,
        path: [],
        nat: false,
        userAgent: "",
      },
    ]);
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => decodeBindings(bytes.subarray(0, length)), UnreadableRecord);
    }
    assert.throws(() => decodeBindings(Uint8Array.of(2, ...bytes.subarray(1))), UnreadableRecord);
  });
});
