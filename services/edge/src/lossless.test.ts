import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { latin1 } from "@sipmesh/environment";
import fc from "fast-check";
import { type Phone, type Platform, startPlatform, tcpPhone, udpPhone, until } from "./testing/platform.ts";

let platform: Platform;
let caller: Phone;
let callee: Phone;

before(async () => {
  // Phones and edge share one event loop here, and what they exchange leaves it no pause.
  platform = await startPlatform({ overload: { delay: 0 } });
  caller = await udpPhone(platform.port("udp"));
  callee = await udpPhone(platform.port("udp"));
  // What stands for the rest of the platform: sends on what it gets, over another socket or connection.
  platform.onInbound = ({ raw }) => platform.publish({ raw, ...way });
});
after(async () => {
  caller.close();
  callee.close();
  await platform.stop();
});

let way: Omit<Parameters<Platform["publish"]>[0], "raw">;

const tokenCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~";
const token = (min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...tokenCharacters), minLength: min, maxLength: max });
/** Any byte that may stand in a header field's value, folded at times. */
const value = fc
  .array(
    fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: 33, max: 126 }).map((code) => String.fromCharCode(code)) },
      { weight: 4, arbitrary: fc.integer({ min: 128, max: 255 }).map((code) => String.fromCharCode(code)) },
      { weight: 4, arbitrary: fc.constantFrom(" ", "\t", "  ") },
      { weight: 1, arbitrary: fc.constant("x\r\n y") },
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(""));
const field = fc
  .tuple(
    fc.oneof(
      token(1, 12).map((name) => `X-${name}`),
      fc.constantFrom("Subject", "s", "User-Agent", "Record-Route", "P-Asserted-Identity", "WARNING", "Allow"),
    ),
    fc.constantFrom(":", ": ", " : ", ":\t"),
    value,
  )
  .map(([name, colon, text]) => `${name}${colon}${text}\r\n`);
const uri = fc.oneof(
  token(1, 20).map((user) => `sip:${encodeURIComponent(user)}@example.com;method=x`),
  fc.constantFrom(
    "tel:+49-30-1234;ext=9",
    "urn:service:sos",
    "im:a@b",
    "mailto:a@b.example",
    "sips:[2001:db8::1]:5061",
  ),
);
const body = fc.uint8Array({ maxLength: 400 });

const requests = fc.record({
  method: fc.oneof(fc.constantFrom("INVITE", "OPTIONS", "BYE", "MESSAGE", "REGISTER"), token(1, 12)),
  uri,
  before: fc.array(field, { maxLength: 5 }),
  between: fc.array(field, { maxLength: 5 }),
  behind: fc.array(field, { maxLength: 5 }),
  callId: token(1, 30),
  body,
  compact: fc.boolean(),
});

/** The head's two ends around the value of the topmost Via, and the body. */
function build(of: typeof requests extends fc.Arbitrary<infer T> ? T : never, via: string): Buffer {
  const name = (long: string, short: string) => (of.compact ? short : long);
  const head =
    `${of.method} ${of.uri} SIP/2.0\r\n${of.before.join("")}${name("Via", "v")}: ${via}\r\n${of.between.join("")}` +
    `Via: SIP/2.0/UDP second.example;branch=old\r\n${name("From", "f")}: "a, b" <sip:a@example.com>;tag=1\r\n` +
    `${name("To", "t")}: <sip:b@example.com>\r\n${name("Call-ID", "i")}: ${of.callId}\r\nCSeq: 7 ${of.method}\r\n` +
    `${of.behind.join("")}${name("Content-Length", "l")}: ${of.body.length}\r\n\r\n`;
  return Buffer.concat([latin1.encode(head), of.body]);
}

test("whatever is in a request, it leaves as it came but for the source in its topmost Via: over UDP", async () => {
  way = { destination: { transport: "udp", address: { address: "127.0.0.1", port: callee.port } } };
  await fc.assert(
    fc.asyncProperty(requests, async (of) => {
      caller.send(build(of, "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa;rport"));
      const expected = build(
        of,
        `SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa;rport=${caller.port};received=127.0.0.1`,
      ).toString("latin1");
      assert.equal(await callee.next(), expected);
    }),
    { numRuns: 300 },
  );
});

test("the same over TCP, many in one stream, in order", async () => {
  const from = await tcpPhone(platform.port("tcp"));
  const to = await tcpPhone(platform.port("tcp"));
  to.socket.write(
    "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bKo\r\nFrom: <sip:a@b>;tag=1\r\n" +
      "To: <sip:a@b>\r\nCall-ID: opens\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
  );
  const lengthBefore = platform.inbound.length;
  await until("its flow", () => platform.inbound.length > lengthBefore);
  const flow = platform.inbound.at(-1)?.flow;
  assert.ok(flow);
  way = { flow };
  await fc.assert(
    fc.asyncProperty(fc.array(requests, { minLength: 1, maxLength: 8 }), async (many) => {
      to.text = "";
      from.text = "";
      from.socket.write(Buffer.concat(many.map((of) => build(of, "SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKb;rport"))));
      const filled = `SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKb;rport=${from.port};received=127.0.0.1`;
      const expected = Buffer.concat(many.map((of) => build(of, filled))).toString("latin1");
      await until("all of them", () => to.text.length >= expected.length || from.text !== "" || from.ended);
      assert.equal(from.text, "");
      assert.equal(to.text, expected);
    }),
    { numRuns: 60 },
  );
  from.socket.destroy();
  to.socket.destroy();
});
