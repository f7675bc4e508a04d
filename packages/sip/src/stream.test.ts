import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type FrameEvent, StreamFramer } from "./index.ts";

const decode = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.prototype.latin1Slice.call(bytes, start, end);
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

const options = (callId: string, body: string): string =>
  `OPTIONS sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n` +
  `To: <sip:b@b>\r\nCall-ID: ${callId}\r\nCSeq: 1 OPTIONS\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** What an event says, in words that compare. */
const told = (event: FrameEvent): string => {
  if (event.type === "ping") return "ping";
  if (event.type === "problem") return `${event.problem.status} ${event.problem.code}`;
  return `${event.message.callId} ${Buffer.from(event.message.body).toString("latin1")}`;
};
const pushAll = (framer: StreamFramer, bytes: Uint8Array, sizes: readonly number[]): string[] => {
  const events: string[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : (sizes[i % sizes.length] as number);
    // As sockets do: each chunk has bytes of its own, which nobody writes to again.
    events.push(...framer.push(bytes.slice(at, at + size)).map(told));
    at += size;
  }
  return events;
};
const fails = (text: string): string[] => pushAll(new StreamFramer(decode), latin1(text), []);

describe("StreamFramer", () => {
  it("gives the same messages however the stream is cut", () => {
    const bodies = fc.array(fc.string({ unit: "binary-ascii", maxLength: 60 }), { minLength: 1, maxLength: 5 });
    const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 20 });
    fc.assert(
      fc.property(bodies, cuts, (texts, sizes) => {
        const stream = texts.map((body, i) => options(`c${i}`, body)).join("");
        const events = pushAll(new StreamFramer(decode), latin1(stream), sizes);
        assert.deepEqual(
          events,
          texts.map((body, i) => `c${i} ${body}`),
        );
      }),
    );
  });

  it("answers CRLFCRLF between messages with a ping, cut anywhere, and passes over a lone CRLF", () => {
    const stream = latin1(`\r\n${options("a", "")}\r\n\r\n\r\n\r\n${options("b", "x")}\r\n`);
    assert.deepEqual(pushAll(new StreamFramer(decode), stream, []), ["a ", "ping", "b x"]);
    assert.deepEqual(pushAll(new StreamFramer(decode), stream, [1]), ["a ", "ping", "ping", "b x"]);
    assert.deepEqual(pushAll(new StreamFramer(decode), latin1("\r\n\r\n"), [3, 1]), ["ping"]);
  });

  it("ends at what cannot be framed, and takes nothing more", () => {
    assert.deepEqual(fails("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), ["0 not-sip"]);
    const lengths = (value: string) => fails(options("a", "").replace("Content-Length: 0", value) + options("b", ""));
    assert.deepEqual(lengths("Content-Length: -1"), ["400 bad-content-length"]);
    assert.deepEqual(lengths("Content-Length: 1e3"), ["400 bad-content-length"]);
    assert.deepEqual(lengths("Content-Length: 1\r\nl: 1"), ["400 multiple-content-length"]);
    assert.deepEqual(lengths("Subject: none"), ["400 missing-content-length"]);
    assert.deepEqual(lengths("Content-Length: 4000000000"), ["413 body-too-large"]);
    assert.deepEqual(lengths("Content-Length: 0\n"), ["400 bare-line-end"]);
    assert.deepEqual(lengths("no colon\r\nContent-Length: 0"), ["400 bad-header-line"]);
  });

  it("holds no more than its limits", () => {
    const framer = new StreamFramer(decode, { head: 1000, fields: 20, body: 100 });
    const events = pushAll(framer, latin1(`OPTIONS sip:a@b SIP/2.0\r\nX: ${"x".repeat(5000)}`), [100]);
    assert.deepEqual(events, ["400 head-too-large"]);
    assert.equal(framer.pending, 0);
    const many = new StreamFramer(decode, { head: 10_000, fields: 20, body: 100 });
    const fields = "X: 1\r\n".repeat(30);
    assert.deepEqual(pushAll(many, latin1(options("a", "").replace("\r\n", `\r\n${fields}`)), []), [
      "400 too-many-fields",
    ]);
  });

  it("a message that it gave stays as it was when more arrives", () => {
    const framer = new StreamFramer(decode);
    const stream = latin1(options("a", "first") + options("b", "other"));
    const cut = stream.length / 2 + 5;
    const [event] = [...framer.push(stream.slice(0, 20)), ...framer.push(stream.slice(20, cut))];
    framer.push(stream.slice(cut));
    framer.push(latin1(options("c", "third")));
    assert.ok(event);
    assert.equal(told(event), "a first");
  });

  it("looks at each byte a bounded number of times, also when they come one by one", () => {
    const body = "x".repeat(200_000);
    const head = options("a", body);
    const started = process.cpuUsage().user;
    assert.equal(pushAll(new StreamFramer(decode), latin1(head), [1]).length, 1);
    const long = `OPTIONS sip:a@b SIP/2.0\r\n${`X: ${"\r\n ".repeat(50)}\r\n`.repeat(180)}`;
    assert.deepEqual(pushAll(new StreamFramer(decode), latin1(long), [1]), []);
    // Quadratic work would be 10^10 steps: minutes. Linear is well below a second.
    assert.ok(process.cpuUsage().user - started < 5_000_000);
  });
});
