import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "./description.ts";
import { SdpError } from "./error.ts";
import { streamsOf } from "./stream.ts";

function streams(...lines: string[]) {
  return streamsOf(parse(["v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", ...lines, ""].join("\r\n")));
}

describe("streamsOf", () => {
  it("takes the media's c= before the session's", () => {
    const [first, second] = streams(
      "c=IN IP4 192.0.2.1",
      "m=audio 4000 RTP/AVP 0",
      "m=video 4002 RTP/AVP 31",
      "c=IN IP6 2001:DB8::2",
    );
    assert.deepEqual(first?.media, { address: "192.0.2.1", port: 4000 });
    assert.deepEqual(first?.rtcp, { address: "192.0.2.1", port: 4001 });
    assert.deepEqual(second?.media, { address: "2001:db8::2", port: 4002 });
  });

  it("reads a=rtcp with and without an address (RFC 3605)", () => {
    const [a, b, c] = streams(
      "c=IN IP4 192.0.2.1",
      "m=audio 4000 RTP/AVP 0",
      "a=rtcp:53020",
      "m=audio 4002 RTP/AVP 0",
      "a=rtcp:53020 IN IP6 2001:db8::7",
      "m=audio 4004 RTP/AVP 0",
      "a=rtcp:nonsense",
    );
    assert.deepEqual(a?.rtcp, { address: "192.0.2.1", port: 53020 });
    assert.deepEqual(b?.rtcp, { address: "2001:db8::7", port: 53020 });
    assert.deepEqual(c?.rtcp, { address: "192.0.2.1", port: 4005 });
  });

  it("tells that RTCP may come on the port of RTP (RFC 5761), and where it goes otherwise", () => {
    const [stream] = streams("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "a=rtcp-mux");
    assert.equal(stream?.mux, true);
    assert.equal(stream?.rtcp?.port, 4001);
  });

  for (const [what, lines] of [
    ["sendonly", ["c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "a=sendonly"]],
    ["inactive", ["c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "a=inactive"]],
    ["inactive for the session", ["c=IN IP4 192.0.2.1", "a=inactive", "m=audio 4000 RTP/AVP 0"]],
    ["0.0.0.0", ["c=IN IP4 0.0.0.0", "m=audio 4000 RTP/AVP 0"]],
    ["::", ["c=IN IP6 ::", "m=audio 4000 RTP/AVP 0"]],
  ] as const) {
    it(`is held by ${what}`, () => assert.equal(streams(...lines)[0]?.held, true));
  }

  it("the media's direction stands before the session's", () => {
    const [stream] = streams("c=IN IP4 192.0.2.1", "a=inactive", "m=audio 4000 RTP/AVP 0", "a=recvonly");
    assert.equal(stream?.direction, "recvonly");
    assert.equal(stream?.held, false);
  });

  it("sends nowhere for a refused stream, a name, multicast, 0.0.0.0", () => {
    const found = streams(
      "c=IN IP4 192.0.2.1",
      "m=audio 0 RTP/AVP 0",
      "m=audio 4000 RTP/AVP 0",
      "c=IN IP4 phone.example.org",
      "m=audio 4000 RTP/AVP 0",
      "c=IN IP4 224.2.36.42/127",
      "m=audio 4000 RTP/AVP 0",
      "c=IN IP4 0.0.0.0",
    );
    assert.deepEqual(
      found.map((stream) => stream.media),
      [undefined, undefined, undefined, undefined],
    );
    assert.deepEqual(
      found.map((stream) => stream.refused),
      [true, false, false, false],
    );
  });

  it("tells what datagrams carry", () => {
    const protocols = ["RTP/AVP", "UDP/TLS/RTP/SAVPF", "udptl", "UDP/BFCP", "TCP/MSRP", "TCP/TLS/RTP/SAVP"];
    const found = streams("c=IN IP4 192.0.2.1", ...protocols.map((protocol) => `m=x 4000 ${protocol} 0`));
    assert.deepEqual(
      found.map((stream) => [stream.overUdp, stream.rtp]),
      [
        [true, true],
        [true, true],
        [true, false],
        [true, false],
        [false, false],
        [false, false],
      ],
    );
  });

  it("knows clock rates from rtpmap and from RFC 3551", () => {
    const [stream] = streams(
      "c=IN IP4 192.0.2.1",
      "m=audio 4000 RTP/AVP 8 96 101 97",
      "a=rtpmap:96 opus/48000/2",
      "a=rtpmap:101 telephone-event/8000",
    );
    assert.deepEqual(stream?.encodings, [
      { payloadType: 8, name: "PCMA", clockRate: 8000 },
      { payloadType: 96, name: "opus", clockRate: 48000 },
      { payloadType: 101, name: "telephone-event", clockRate: 8000 },
    ]);
  });

  for (const [code, lines] of [
    ["bad-connection-line", ["m=audio 4000 RTP/AVP 0"]],
    ["bad-connection-line", ["c=IN IP4", "m=audio 4000 RTP/AVP 0"]],
    ["bad-media-line", ["c=IN IP4 192.0.2.1", "m=audio RTP/AVP 0"]],
    ["bad-media-line", ["c=IN IP4 192.0.2.1", "m=audio 70000 RTP/AVP 0"]],
  ] as const) {
    it(`${code}: ${lines.join(" | ")}`, () => {
      assert.throws(
        () => streams(...lines),
        (error) => error instanceof SdpError && error.code === code,
      );
    });
  }
});
