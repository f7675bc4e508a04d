/**
 * What one INVITE of about 700 bytes costs: `node bench/parse.ts`. Prints nanoseconds per message, the best of several
 * rounds (the others were disturbed by other work on the machine).
 */
import { Buffer } from "node:buffer";
import { type Draft, Edit, fromFields, Name, parseDatagram, response, toBytes, validate } from "../src/index.ts";

const text = `INVITE sip:bob@biloxi.example.com SIP/2.0\r
Via: SIP/2.0/UDP 192.0.2.101:5060;branch=z9hG4bK74bf9-8d7f2c;rport\r
Max-Forwards: 70\r
Route: <sip:proxy.example.com;lr>\r
From: "Alice Liddell" <sip:alice@atlanta.example.com>;tag=9fxced76sl\r
To: Bob <sip:bob@biloxi.example.com>\r
Call-ID: 3848276298220188511@atlanta.example.com\r
CSeq: 1 INVITE\r
Contact: <sip:alice@192.0.2.101:5060;transport=udp>\r
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE\r
Supported: replaces, timer\r
User-Agent: Bench/1.0\r
Content-Type: application/sdp\r
Content-Length: 151\r
\r
v=0\r
o=alice 2890844526 2890844526 IN IP4 192.0.2.101\r
s=-\r
c=IN IP4 192.0.2.101\r
t=0 0\r
m=audio 49172 RTP/AVP 0\r
a=rtpmap:0 PCMU/8000\r
a=sendrecv\r
abcdefghi\r
`;
const bytes = new Uint8Array(Buffer.from(text, "latin1"));
// Called on any Uint8Array: no Buffer is made for a single read or write.
const { latin1Slice, latin1Write } = Buffer.prototype;
const decode = (from: Uint8Array, start: number, end: number): string => latin1Slice.call(from, start, end);
const encodeInto = (head: string, into: Uint8Array, at: number): number => latin1Write.call(into, head, at);
const encode = ({ head, body }: Draft): Uint8Array => toBytes(head, body, encodeInto, Buffer.allocUnsafe);

const parse = () => {
  const result = parseDatagram(bytes, decode);
  if (!result.ok || "keepAlive" in result || result.message.kind !== "request") throw new Error("not parsed");
  return result.message;
};
const forward = (message: ReturnType<typeof parse>) =>
  new Edit(message)
    .requestUri("sip:bob@192.0.2.4:5060")
    .removeTopValue(Name.Route)
    .set(Name.MaxForwards, String((message.maxForwards ?? 70) - 1))
    .prepend(Name.Via, "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK0123456789abcdef;rport")
    .prepend(Name.RecordRoute, "<sip:0123456789abcdef0123456789abcdef@192.0.2.1:5060;lr>")
    .draft();

const parsed = parse();
const work: Record<string, () => unknown> = {
  "parse, nothing read": parse,
  "parse, six values read": () => {
    const m = parse();
    return [m.via, m.from, m.to, m.callId, m.cseq, m.maxForwards];
  },
  "parse and validate": () => {
    const m = parse();
    return [m, validate(m)];
  },
  "rebuild from the field table": () => fromFields(bytes, parsed.fields, decode),
  "the forwarded request, as text": () => forward(parsed),
  "the forwarded request, as bytes": () => encode(forward(parsed)),
  "parse and forward, as bytes": () => encode(forward(parse())),
  "a 180 response, as text": () => response(parsed, 180, { toTag: "abcdef" }),
};

let sink: unknown;
console.log(`${bytes.length} bytes`);
for (const [name, run] of Object.entries(work)) {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 12; round++) {
    const count = 40_000;
    const start = process.hrtime.bigint();
    for (let i = 0; i < count; i++) sink = run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / count);
  }
  console.log(`${name.padEnd(34)} ${best.toFixed(0).padStart(6)} ns`);
}
if (sink === undefined) throw new Error("nothing ran");
