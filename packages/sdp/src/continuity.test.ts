import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { continued } from "./continuity.ts";
import { parse, serialise } from "./description.ts";
import { originOf } from "./origin.ts";

function sdp(version: number, port: number, sessionId = "5") {
  return parse(
    `v=0\r\no=- ${sessionId} ${version} IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\n`,
  );
}
const told = (version: number, port: number) => ({ text: serialise(sdp(version, port)) });
const version = (description: ReturnType<typeof sdp>) => Number(originOf(description).version);

describe("the version in o= (RFC 3264 section 8)", () => {
  it("is the sender's at first", () => assert.equal(version(continued(sdp(7, 1), undefined)), 7));
  it("stays while nothing changes", () => assert.equal(version(continued(sdp(7, 1), told(7, 1))), 7));
  it("follows the sender's", () => assert.equal(version(continued(sdp(8, 2), told(7, 1))), 8));
  it("grows where the relay's ports change and the sender's description does not", () =>
    assert.equal(version(continued(sdp(7, 2), told(7, 1))), 8));
  it("goes on growing when the sender lags behind", () => assert.equal(version(continued(sdp(8, 3), told(8, 2))), 9));
  it("stays at what was told where the text is the same, though the sender's is smaller", () =>
    assert.equal(version(continued(sdp(7, 2), told(9, 2))), 9));
  it("starts anew with another session", () => assert.equal(version(continued(sdp(1, 2, "6"), told(9, 2))), 1));
});
