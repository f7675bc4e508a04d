import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parse, serialise } from "./description.ts";
import { type RelayPlace, relayed } from "./relay.ts";
import { streamsOf } from "./stream.ts";

const place: RelayPlace = { address: "198.51.100.1", port: 30000, rtcpPort: 30001 };
const head = ["v=0", "o=alice 5 7 IN IP4 10.0.0.1", "s=-"];

function rewritten(lines: readonly string[], places: readonly (RelayPlace | undefined)[] = [place]): string[] {
  const text = serialise(relayed(parse(`${[...head, ...lines].join("\r\n")}\r\n`), places));
  assert.ok(text.endsWith("\r\n"));
  return text.trimEnd().split("\r\n").slice(head.length);
}

describe("a relayed description", () => {
  for (const [what, from, to, places] of [
    [
      "session c= and m= port",
      ["c=IN IP4 10.0.0.1", "t=0 0", "m=audio 4000 RTP/AVP 0 101", "a=ptime:20"],
      ["c=IN IP4 198.51.100.1", "t=0 0", "m=audio 30000 RTP/AVP 0 101", "a=ptime:20"],
    ],
    ["media c=", ["m=audio 4000 RTP/AVP 0", "c=IN IP4 10.0.0.1"], ["m=audio 30000 RTP/AVP 0", "c=IN IP4 198.51.100.1"]],
    [
      "a=rtcp, also with an address",
      ["c=IN IP4 10.0.0.1", "m=audio 4000 RTP/AVP 0", "a=rtcp:4009 IN IP4 10.0.0.2"],
      ["c=IN IP4 198.51.100.1", "m=audio 30000 RTP/AVP 0", "a=rtcp:30001"],
    ],
    [
      "ICE and BUNDLE are taken out",
      [
        "c=IN IP4 10.0.0.1",
        "a=group:BUNDLE 0",
        "a=group:LS 0 1",
        "a=ice-lite",
        "m=audio 4000 RTP/AVP 0",
        "a=ice-ufrag:x",
        "a=ice-pwd:y",
        "a=candidate:1 1 UDP 2 10.0.0.1 4000 typ host",
        "a=end-of-candidates",
        "a=mid:0",
        "a=rtcp-mux",
      ],
      ["c=IN IP4 198.51.100.1", "a=group:LS 0 1", "m=audio 30000 RTP/AVP 0", "a=mid:0", "a=rtcp-mux"],
    ],
    [
      "0.0.0.0 goes on saying: send me nothing (RFC 3264 section 8.4)",
      ["c=IN IP4 0.0.0.0", "m=audio 4000 RTP/AVP 0"],
      ["c=IN IP4 0.0.0.0", "m=audio 30000 RTP/AVP 0"],
    ],
    [
      "IPv4 to IPv6",
      ["c=IN IP4 10.0.0.1", "m=audio 4000 RTP/AVP 0"],
      ["c=IN IP6 2001:db8::1", "m=audio 30000 RTP/AVP 0"],
      [{ ...place, address: "2001:db8::1" }],
    ],
    [
      "a stream over TCP keeps the address that it had from the session",
      ["c=IN IP4 10.0.0.1", "m=audio 4000 RTP/AVP 0", "m=message 9 TCP/MSRP *", "a=path:msrp://x"],
      [
        "c=IN IP4 198.51.100.1",
        "m=audio 30000 RTP/AVP 0",
        "m=message 9 TCP/MSRP *",
        "c=IN IP4 10.0.0.1",
        "a=path:msrp://x",
      ],
      [place, undefined],
    ],
    [
      "the number of ports goes: the relay gives one pair",
      ["c=IN IP4 10.0.0.1", "m=video 4000/2 RTP/AVP 31"],
      ["c=IN IP4 198.51.100.1", "m=video 30000 RTP/AVP 31"],
    ],
    [
      "two relay addresses: the second stream says its own, after i=",
      ["c=IN IP4 10.0.0.1", "m=audio 4000 RTP/AVP 0", "m=video 4002 RTP/AVP 31", "i=the slides"],
      [
        "c=IN IP4 198.51.100.1",
        "m=audio 30000 RTP/AVP 0",
        "m=video 30002 RTP/AVP 31",
        "i=the slides",
        "c=IN IP4 198.51.100.2",
      ],
      [place, { address: "198.51.100.2", port: 30002, rtcpPort: 30003 }],
    ],
    [
      "nothing relayed: nothing changed",
      ["c=IN IP4 10.0.0.1", "m=audio 0 RTP/AVP 0"],
      ["c=IN IP4 10.0.0.1", "m=audio 0 RTP/AVP 0"],
      [undefined],
    ],
  ] as readonly (readonly [string, readonly string[], readonly string[], (readonly (RelayPlace | undefined)[])?])[]) {
    it(what, () => assert.deepEqual(rewritten(from, places), to));
  }

  it("keeps LF endings where the sender had them", () => {
    const text = serialise(relayed(parse("v=0\nc=IN IP4 10.0.0.1\nm=audio 4 RTP/AVP 0\n"), [place]));
    assert.equal(text, "v=0\nc=IN IP4 198.51.100.1\nm=audio 30000 RTP/AVP 0\n");
  });

  it("a c= added after a last line without an ending stands on a line of its own", () => {
    const text = serialise(
      relayed(parse("v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\nm=x 9 TCP/MSRP *"), [place, undefined]),
    );
    assert.ok(text.endsWith("m=x 9 TCP/MSRP *\r\nc=IN IP4 10.0.0.1\r\n"), text);
  });

  it("sends every relayed stream to its own relay port, and leaves unknown lines in their order", () => {
    const stream = fc.record({
      port: fc.integer({ min: 1, max: 65_535 }),
      own: fc.boolean(),
      refused: fc.boolean(),
      extra: fc.array(fc.constantFrom("a=x-own:1", "b=AS:64", "k=clear:x", "a=fmtp:101 0-15", "a=rtcp:99"), {
        maxLength: 4,
      }),
    });
    fc.assert(
      fc.property(fc.array(stream, { minLength: 1, maxLength: 5 }), (wanted) => {
        const lines = ["c=IN IP4 10.0.0.1"];
        for (const { port, own, refused, extra } of wanted) {
          lines.push(`m=audio ${refused ? 0 : port} RTP/AVP 0`, ...(own ? ["c=IN IP4 10.0.0.9"] : []), ...extra);
        }
        const places = wanted.map(({ refused }, index) =>
          refused ? undefined : { address: "198.51.100.1", port: 30000 + 2 * index, rtcpPort: 30001 + 2 * index },
        );
        const result = parse(`${rewritten(["t=0 0", ...lines], places).join("\r\n")}\r\n`.replace("t=0 0", "v=0"));
        for (const [index, found] of streamsOf(result).entries()) {
          const given = places[index];
          assert.deepEqual(found.media, given && { address: given.address, port: given.port });
          assert.deepEqual(found.rtcp, given && { address: given.address, port: given.rtcpPort });
        }
        const others = (all: readonly string[]) =>
          all.filter((line) => /^[abkt]=/.test(line) && !line.startsWith("a=rtcp"));
        assert.deepEqual(others(rewritten(lines, places)), others(lines));
      }),
    );
  });
});
