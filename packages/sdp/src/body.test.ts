import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { replacePart, sdpPart } from "./body.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const sdp = "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\n";
const mixed = (type: string, extra = "") =>
  bytes(
    `preamble\r\n--b1\r\nContent-Type: application/isup\r\n\r\n\u0001\u0002--b1\n\r\n--b1\r\nc: ${type}\r\n${extra}\r\n${sdp}\r\n--b1--\r\n`,
  );

function found(contentType: string, body: Uint8Array): string | undefined {
  const part = sdpPart(contentType, body);
  return part && Buffer.from(body.subarray(part.start, part.end)).toString("latin1");
}

describe("the session description of a body", () => {
  it("is all of application/sdp", () => assert.equal(found("Application/SDP; charset=utf-8", bytes(sdp)), sdp));
  it("is a part of a multipart body", () => {
    assert.equal(found('multipart/mixed; boundary="b1"', mixed("application/sdp; x=y")), sdp);
    assert.equal(found("multipart / mixed; boundary=b1", mixed("application / sdp")), sdp);
    assert.equal(found("multipart/mixed;boundary=b1", mixed("application/sdp")), sdp);
  });
  for (const [what, type, body] of [
    ["another type", "application/isup", bytes(sdp)],
    ["a multipart body without SDP", "multipart/mixed;boundary=b1", mixed("text/plain")],
    ["base64", "multipart/mixed;boundary=b1", mixed("application/sdp", "Content-Transfer-Encoding: base64\r\n")],
    ["gzip", "multipart/mixed;boundary=b1", mixed("application/sdp", "Content-Encoding: gzip\r\n")],
    ["no boundary", "multipart/mixed", mixed("application/sdp")],
    ["another boundary", "multipart/mixed;boundary=b2", mixed("application/sdp")],
    [
      "a part that never ends",
      "multipart/mixed;boundary=b1",
      bytes(`--b1\r\nContent-Type: application/sdp\r\n\r\n${sdp}`),
    ],
  ] as const) {
    it(`is not there: ${what}`, () => assert.equal(found(type, body), undefined));
  }
  it("is replaced and nothing else", () => {
    const body = mixed("application/sdp");
    const part = sdpPart("multipart/mixed;boundary=b1", body);
    assert.ok(part);
    const text = Buffer.from(replacePart(body, part, bytes("v=1\r\n"))).toString("latin1");
    assert.equal(text, Buffer.from(body).toString("latin1").replace(sdp, "v=1\r\n"));
  });
});
