import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { mediaPacketKind } from "./demultiplex.ts";
import {
  decodeRtp,
  encodeRtp,
  payloadTypeOf,
  type RtpPacket,
  sequenceNumberOf,
  ssrcOf,
  timestampOf,
} from "./packet.ts";

const plain = { noNullPrototype: true } as const;
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const packet: fc.Arbitrary<RtpPacket> = fc.record(
  {
    payloadType: fc.integer({ min: 0, max: 127 }),
    marker: fc.boolean(),
    sequenceNumber: fc.integer({ min: 0, max: 65535 }),
    timestamp: uint32,
    ssrc: uint32,
    contributing: fc.array(uint32, { minLength: 1, maxLength: 15 }),
    extension: fc.record(
      {
        profile: fc.integer({ min: 0, max: 65535 }),
        data: fc.integer({ min: 0, max: 5 }).map((words) => new Uint8Array(words * 4).fill(7)),
      },
      plain,
    ),
    payload: fc.uint8Array({ maxLength: 50 }),
  },
  { noNullPrototype: true, requiredKeys: ["payloadType", "marker", "sequenceNumber", "timestamp", "ssrc", "payload"] },
);

describe("an RTP packet", () => {
  it("is decoded to what was encoded, and its header is read without decoding", () => {
    fc.assert(
      fc.property(packet, (sent) => {
        const bytes = encodeRtp(sent);
        assert.deepEqual(decodeRtp(bytes), sent);
        assert.equal(payloadTypeOf(bytes), sent.payloadType);
        assert.equal(sequenceNumberOf(bytes), sent.sequenceNumber);
        assert.equal(timestampOf(bytes), sent.timestamp);
        assert.equal(ssrcOf(bytes), sent.ssrc);
      }),
    );
  });

  it("stands as the bit diagram says", () => {
    const bytes = encodeRtp({
      payloadType: 8,
      marker: true,
      sequenceNumber: 0x1234,
      timestamp: 0x89abcdef,
      ssrc: 0xdeadbeef,
      payload: Uint8Array.of(0xd5),
    });
    assert.equal(Buffer.from(bytes).toString("hex"), "8088123489abcdefdeadbeefd5");
  });

  it("loses its padding", () => {
    const bytes = Uint8Array.from([
      ...encodeRtp({
        payloadType: 0,
        marker: false,
        sequenceNumber: 1,
        timestamp: 1,
        ssrc: 1,
        payload: Uint8Array.of(1, 2),
      }),
      0,
      2,
    ]);
    bytes[0] = 0xa0;
    assert.deepEqual(decodeRtp(bytes)?.payload, Uint8Array.of(1, 2));
  });

  for (const [what, hex] of [
    ["too short", "80000001000000010000"],
    ["version 1", "400000010000000100000001"],
    ["sources that are not there", "8f0000010000000100000001"],
    ["an extension that is not there", "90000001000000010000000100000005"],
    ["more padding than packet", "a000000100000001000000010e"],
    ["padding of nothing", "a0000001000000010000000100"],
  ] as const) {
    it(`is none: ${what}`, () => assert.equal(decodeRtp(Buffer.from(hex, "hex")), undefined));
  }

  it("never throws, whatever comes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void decodeRtp(bytes)));
  });
});

describe("datagrams of one port (RFC 7983)", () => {
  for (const [kind, hex] of [
    ["rtp", "800000010000000100000001"],
    ["rtcp", "80c8000600000001"],
    ["rtcp", "81c9000700000001"],
    ["stun", "000100002112a442"],
    ["dtls", "16feff0000000000"],
    ["unknown", "8000"],
    ["unknown", "ffff"],
    ["unknown", ""],
  ] as const) {
    it(`${hex || "nothing"} is ${kind}`, () => assert.equal(mediaPacketKind(Buffer.from(hex, "hex")), kind));
  }
});
