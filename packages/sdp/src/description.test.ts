import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parse, serialise } from "./description.ts";
import { SdpError } from "./error.ts";

const line = fc.oneof(
  fc.string({ unit: "binary-ascii", maxLength: 40 }),
  fc.constantFrom(
    "m=audio 4000 RTP/AVP 0 8",
    "c=IN IP4 192.0.2.1",
    "a=sendrecv",
    "x=unknown",
    "",
    "a=candidate:1 1 UDP 1 10.0.0.1 4 typ host",
  ),
);
const ending = fc.constantFrom("\r\n", "\n");
const text = fc.array(fc.tuple(line, ending)).map((lines) => `v=0\r\n${lines.map((pair) => pair.join("")).join("")}`);

describe("a session description", () => {
  it("leaves as it came, byte for byte, whatever its lines are", () => {
    fc.assert(fc.property(text, (input) => assert.equal(serialise(parse(input)), input)));
  });

  it("keeps a last line without an ending", () => {
    const input = "v=0\r\nm=audio 4000 RTP/AVP 0\r\na=sendrecv";
    assert.equal(serialise(parse(input)), input);
  });

  it("has a section for each m= line", () => {
    const { session, media } = parse("v=0\r\ns=-\r\nm=audio 1 RTP/AVP 0\r\na=x\r\nm=video 2 RTP/AVP 31\r\n");
    assert.equal(session.length, 2);
    assert.deepEqual(
      media.map((section) => section.length),
      [2, 1],
    );
  });

  for (const [input, code] of [
    ["", "not-sdp"],
    ["o=- 1 1 IN IP4 1.2.3.4\r\n", "not-sdp"],
    [`v=0\r\n${"a=x\r\n".repeat(20_000)}`, "too-long"],
    [`v=0\r\n${"m=audio 1 RTP/AVP 0\r\n".repeat(33)}`, "too-many-media"],
  ] as const) {
    it(`is refused as ${code}: ${JSON.stringify(input.slice(0, 20))}`, () => {
      assert.throws(
        () => parse(input),
        (error) => error instanceof SdpError && error.code === code,
      );
    });
  }
});
