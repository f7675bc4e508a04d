import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeRtcp, encodeRtcp, type RtcpPacket } from "./compound.ts";
import { CNAME } from "./source-description.ts";

const plain = { noNullPrototype: true } as const;
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const block = fc.record(
  {
    ssrc: uint32,
    fractionLost: fc.integer({ min: 0, max: 255 }),
    lost: fc.integer({ min: -0x800000, max: 0x7fffff }),
    extendedHighest: uint32,
    jitter: uint32,
    lastReport: uint32,
    delay: uint32,
  },
  plain,
);
const blocks = fc.array(block, { maxLength: 31 });
const packet: fc.Arbitrary<RtcpPacket> = fc.oneof(
  fc.record(
    {
      type: fc.constant("sender-report" as const),
      ssrc: uint32,
      ntpSeconds: uint32,
      ntpFraction: uint32,
      rtpTimestamp: uint32,
      packets: uint32,
      octets: uint32,
      blocks,
    },
    plain,
  ),
  fc.record({ type: fc.constant("receiver-report" as const), ssrc: uint32, blocks }, plain),
  fc.record(
    {
      type: fc.constant("source-description" as const),
      chunks: fc.array(
        fc.record(
          {
            ssrc: uint32,
            items: fc.array(
              fc.record({ item: fc.integer({ min: 1, max: 8 }), value: fc.uint8Array({ maxLength: 255 }) }, plain),
              {
                maxLength: 4,
              },
            ),
          },
          plain,
        ),
        { maxLength: 5 },
      ),
    },
    plain,
  ),
  fc.record(
    {
      type: fc.constant("goodbye" as const),
      sources: fc.array(uint32, { maxLength: 31 }),
      reason: fc.uint8Array({ maxLength: 255 }),
    },
    { noNullPrototype: true, requiredKeys: ["type", "sources"] },
  ),
  fc.record(
    {
      type: fc.constant("other" as const),
      packetType: fc.integer({ min: 204, max: 223 }),
      count: fc.integer({ min: 0, max: 31 }),
      body: fc.integer({ min: 0, max: 9 }).map((words) => new Uint8Array(4 * words).fill(3)),
    },
    plain,
  ),
);

describe("a compound RTCP packet", () => {
  it("is decoded to what was encoded", () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 4 }), (packets) =>
        assert.deepEqual(decodeRtcp(encodeRtcp(packets)), packets),
      ),
    );
  });

  it("stands as RFC 3550 section 6.4.2 draws it", () => {
    const bytes = encodeRtcp([
      {
        type: "receiver-report",
        ssrc: 1,
        blocks: [{ ssrc: 2, fractionLost: 64, lost: -1, extendedHighest: 0x10005, jitter: 9, lastReport: 0, delay: 0 }],
      },
      { type: "source-description", chunks: [{ ssrc: 1, items: [{ item: CNAME, value: Buffer.from("a@b") }] }] },
    ]);
    assert.equal(
      Buffer.from(bytes).toString("hex"),
      "81c90007000000010000000240ffffff00010005000000090000000000000000" + "81ca0003000000010103614062000000",
    );
  });

  it("is refused where a part is longer than what came, and never throws", () => {
    assert.equal(decodeRtcp(Buffer.from("81c9000700000001", "hex")), undefined);
    assert.equal(decodeRtcp(Buffer.from("81c9000100000001", "hex")), undefined);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void decodeRtcp(bytes)));
    fc.assert(
      fc.property(fc.array(packet, { minLength: 1, maxLength: 3 }), fc.nat(), fc.nat(255), (packets, where, value) => {
        const bytes = encodeRtcp(packets);
        bytes[where % bytes.length] = value;
        decodeRtcp(bytes);
      }),
    );
  });
});
