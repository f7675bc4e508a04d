import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Reception } from "./reception.ts";

function received(sequenceNumbers: readonly number[], probation = 0): Reception {
  const reception = new Reception(1, sequenceNumbers[0] ?? 0, 8000, probation);
  sequenceNumbers.forEach((sequence, index) => {
    reception.receive(sequence, sequence * 160, index * 20, 172);
  });
  return reception;
}

describe("reception statistics", () => {
  it("count what was lost between the first and the highest packet (A.3)", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 65_535 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 300 }),
        (start, kept) => {
          const sent = kept.map((_, index) => (start + index) % 65_536);
          const arrived = sent.filter((_, index) => index === 0 || kept[index]);
          const last = kept.lastIndexOf(true);
          const { packets, lost, extendedHighest } = received(arrived).peek();
          assert.equal(packets, arrived.length);
          assert.equal(lost, Math.max(last, 0) + 1 - arrived.length);
          assert.equal(extendedHighest, start + Math.max(last, 0));
        },
      ),
    );
  });

  it("do not mind order", () => {
    const { lost, packets } = received([10, 12, 11, 14, 13, 15]).peek();
    assert.deepEqual({ lost, packets }, { lost: 0, packets: 6 });
  });

  it("show duplicates as a negative loss", () => assert.equal(received([1, 2, 2, 3, 3]).peek().lost, -2));

  it("count cycles over the wrap of the sequence number", () => {
    const { extendedHighest, lost } = received([65_534, 65_535, 0, 1]).peek();
    assert.deepEqual({ extendedHighest, lost }, { extendedHighest: 65_537, lost: 0 });
  });

  it("wait for two packets in sequence before a source counts (probation, A.1)", () => {
    assert.equal(received([5], 2).packets, 0);
    assert.equal(received([5, 900, 4], 2).packets, 0);
    assert.equal(received([5, 6, 7], 2).packets, 2);
  });

  it("leave a single packet far off out, and restart after two in sequence", () => {
    assert.equal(received([1, 2, 30_000, 3]).peek().lost, 0);
    const restarted = received([1, 2, 30_000, 30_001, 30_002]).peek();
    assert.deepEqual([restarted.packets, restarted.lost, restarted.extendedHighest], [2, 0, 30_002]);
  });

  it("have the fraction lost since the last report", () => {
    const reception = received([1, 2, 3, 5]);
    assert.equal(reception.report().fractionLost, Math.floor(256 / 5));
    assert.equal(reception.report().fractionLost, 0);
    reception.receive(6, 0, 0, 1);
    reception.receive(8, 0, 0, 1);
    assert.equal(reception.report().fractionLost, Math.floor(256 / 3));
  });

  it("have no jitter where packets come evenly, also over the wrap of the timestamp", () => {
    const reception = new Reception(1, 0, 8000, 0);
    for (let i = 0; i < 100; i++) reception.receive(i, (4_294_967_296 - 8000 + i * 160) % 4_294_967_296, i * 20, 172);
    assert.equal(reception.peek().jitter, 0);
  });

  it("have the jitter of A.8 where every other packet is 8 ms late", () => {
    const reception = new Reception(1, 0, 8000, 0);
    for (let i = 0; i < 1000; i++) reception.receive(i, i * 160, i * 20 + (i % 2) * 8, 172);
    assert.ok(Math.abs(reception.jitterMilliseconds - 8) < 0.1, String(reception.jitterMilliseconds));
  });
});
