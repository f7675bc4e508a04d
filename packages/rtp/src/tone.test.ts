import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeG711, encodeG711 } from "./g711.ts";
import { ntpTime } from "./ntp.ts";
import { shareOfTone, Tone } from "./tone.ts";

describe("a tone", () => {
  it("is found at its frequency, also through G.711, and nowhere else", () => {
    for (const frequency of [440, 697, 1000, 1633]) {
      const samples = decodeG711(encodeG711(new Tone(frequency).next(1600), "PCMA"), "PCMA");
      assert.ok(shareOfTone(samples, frequency) > 0.98, String(frequency));
      assert.ok(shareOfTone(samples, frequency + 60) < 0.02, String(frequency));
    }
  });
  it("goes on from frame to frame without a click", () => {
    const whole = new Tone(440).next(320);
    const framed = new Tone(440);
    assert.deepEqual([...framed.next(160), ...framed.next(160)], [...whole]);
  });
  it("is not found in silence or noise", () => {
    assert.equal(shareOfTone(new Int16Array(800), 440), 0);
    let seed = 1;
    const noise = Int16Array.from({ length: 1600 }, () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return (seed >> 15) - 32_768;
    });
    assert.ok(shareOfTone(noise, 440) < 0.05);
  });
});

describe("NTP time", () => {
  it("counts from 1900, and wraps in 2036", () => {
    assert.deepEqual(ntpTime(0), { seconds: 2_208_988_800, fraction: 0 });
    assert.deepEqual(ntpTime(1500), { seconds: 2_208_988_801, fraction: 0x80000000 });
    assert.equal(ntpTime(2_085_978_496_000).seconds, 0);
  });
});
