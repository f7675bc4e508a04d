import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeTelephoneEvent, digitOf, encodeTelephoneEvent, eventOf } from "./telephone-event.ts";

describe("a telephone event (RFC 4733)", () => {
  it("is decoded to what was encoded", () => {
    const event = fc.record(
      {
        event: fc.nat(255),
        end: fc.boolean(),
        volume: fc.nat(63),
        duration: fc.nat(65_535),
      },
      { noNullPrototype: true },
    );
    fc.assert(fc.property(event, (sent) => assert.deepEqual(decodeTelephoneEvent(encodeTelephoneEvent(sent)), sent)));
  });
  it("stands as the bit diagram says", () => {
    const bytes = encodeTelephoneEvent({ event: 11, end: true, volume: 10, duration: 800 });
    assert.equal(Buffer.from(bytes).toString("hex"), "0b8a0320");
  });
  it("is none with fewer than 4 octets", () => assert.equal(decodeTelephoneEvent(Uint8Array.of(1, 2, 3)), undefined));
  it("names the digits of section 3.2", () => {
    for (const digit of "0123456789*#ABCD") assert.equal(digitOf(eventOf(digit) ?? -1), digit);
    assert.equal(eventOf("#"), 11);
    assert.equal(eventOf("d"), 15);
    assert.equal(eventOf("x"), undefined);
    assert.equal(eventOf(""), undefined);
    assert.equal(digitOf(16), undefined);
  });
});
