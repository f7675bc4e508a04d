import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeG711, encodeG711, type Law } from "./g711.ts";

const SILENCE: Readonly<Record<Law, number>> = { PCMU: 0xff, PCMA: 0xd5 };

const octets = Uint8Array.from({ length: 256 }, (_, index) => index);

describe("G.711", () => {
  for (const law of ["PCMU", "PCMA"] as const satisfies readonly Law[]) {
    it(`${law}: each octet stands for one level, and that level is encoded as the octet`, () => {
      const back = encodeG711(decodeG711(octets, law), law);
      for (const octet of octets) {
        // µ-law has two zeros; −0 comes back as +0.
        assert.equal(back[octet], law === "PCMU" && octet === 0x7f ? 0xff : octet, `octet ${octet}`);
      }
    });

    it(`${law}: the error is a small share of the sample`, () => {
      for (let sample = -32_000; sample <= 32_000; sample += 37) {
        const decoded = decodeG711(encodeG711(Int16Array.of(sample), law), law)[0] ?? 0;
        assert.ok(Math.abs(decoded - sample) <= Math.max(16, Math.abs(sample) / 16), `${sample} became ${decoded}`);
      }
    });

    it(`${law}: silence`, () => {
      assert.ok(Math.abs(decodeG711(Uint8Array.of(SILENCE[law]), law)[0] ?? 99) <= 8);
      assert.equal(encodeG711(Int16Array.of(0), law)[0], SILENCE[law]);
    });
  }

  it("has the levels of the ITU tables", () => {
    assert.deepEqual([...decodeG711(Uint8Array.of(0x00, 0x80, 0xff, 0x70), "PCMU")], [-32124, 32124, 0, -120]);
    assert.deepEqual([...decodeG711(Uint8Array.of(0x2a, 0xaa, 0xd5, 0x55), "PCMA")], [-32256, 32256, 8, -8]);
  });
});
