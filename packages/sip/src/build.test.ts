import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import {
  ackFor,
  cancelFor,
  type Draft,
  Edit,
  fromDraft,
  Name,
  noBody,
  type Request,
  type Response,
  reasonPhrase,
  request,
  response,
  toBytes,
  validate,
} from "./index.ts";

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const received = (lines: string[], body = ""): Request => {
  const message = fromDraft({ head: lines.map((line) => `${line}\r\n`).join(""), body: latin1(body) });
  assert.ok(message.kind === "request");
  return message;
};
const answer = (draft: Draft): Response => {
  const message = fromDraft(draft);
  assert.ok(message.kind === "response");
  return message;
};
const lines = ({ head }: Draft): string[] => head.split("\r\n").slice(0, -1);

const invite = (): Request =>
  received([
    "INVITE sip:bob@example.com SIP/2.0",
    "v: SIP/2.0/UDP p;branch=z9hG4bK2 , SIP/2.0/UDP c;branch=z9hG4bK1",
    "Via: SIP/2.0/TCP first;branch=z9hG4bK0",
    "Record-Route: <sip:p;lr>",
    "Route: <sip:me;lr>,<sip:next;lr>",
    "Max-Forwards: 70",
    "FROM:  sip:alice@example.com;tag=a",
    "To: Bob",
    " <sip:bob@example.com>",
    "Call-ID: c1",
    "CSeq: 7 INVITE",
    "Timestamp: 5.4",
    "X-Odd : a",
    "x-odd: b",
    "Content-Length: 0",
  ]);

describe("Edit", () => {
  it("makes the forwarded request: the rest of a line stays as it was written", () => {
    const edited = new Edit(invite())
      .requestUri("sip:bob@192.0.2.4")
      .removeTopValue(Name.Route)
      .set(Name.MaxForwards, "69")
      .prepend(Name.Via, "SIP/2.0/UDP me;branch=z9hG4bK3")
      .prepend(Name.RecordRoute, "<sip:me;lr>")
      .draft();
    assert.deepEqual(lines(edited), [
      "INVITE sip:bob@192.0.2.4 SIP/2.0",
      "Via: SIP/2.0/UDP me;branch=z9hG4bK3",
      "v: SIP/2.0/UDP p;branch=z9hG4bK2 , SIP/2.0/UDP c;branch=z9hG4bK1",
      "Via: SIP/2.0/TCP first;branch=z9hG4bK0",
      "Record-Route: <sip:me;lr>",
      "Record-Route: <sip:p;lr>",
      "Route: <sip:next;lr>",
      "Max-Forwards: 69",
      "FROM:  sip:alice@example.com;tag=a",
      "To: Bob",
      " <sip:bob@example.com>",
      "Call-ID: c1",
      "CSeq: 7 INVITE",
      "Timestamp: 5.4",
      "X-Odd : a",
      "x-odd: b",
      "Content-Length: 0",
    ]);
  });

  it("takes values off a list one by one, over all its lines", () => {
    const edit = new Edit(invite());
    const vias = (): string[] => fromDraft(edit.draft()).list(Name.Via);
    assert.equal(vias().length, 3);
    assert.deepEqual(
      fromDraft(edit.replaceTopValue(Name.Via, "SIP/2.0/UDP new").draft()).list(Name.Via)[0],
      "SIP/2.0/UDP new",
    );
    edit.removeTopValue(Name.Via);
    assert.deepEqual(vias(), ["SIP/2.0/UDP c;branch=z9hG4bK1", "SIP/2.0/TCP first;branch=z9hG4bK0"]);
    edit.removeTopValue(Name.Via);
    assert.deepEqual(vias(), ["SIP/2.0/TCP first;branch=z9hG4bK0"]);
    edit.removeTopValue(Name.Via).removeTopValue(Name.Via);
    assert.deepEqual(vias(), []);
  });

  it("puts new lines where they belong, and unknown names by their text", () => {
    const bare = received(["OPTIONS sip:a SIP/2.0", "Via: SIP/2.0/UDP h", "From: x", "Content-Length: 0"]);
    const edited = new Edit(bare)
      .prepend(Name.Route, "<sip:r>")
      .prepend(Name.RecordRoute, "<sip:rr>")
      .append("X-New", "1")
      .append("X-New", "2")
      .set("x-new", "3")
      .prepend("X-New", "0")
      .remove("Content-Length")
      .draft();
    assert.deepEqual(lines(edited), [
      "OPTIONS sip:a SIP/2.0",
      "Via: SIP/2.0/UDP h",
      "Record-Route: <sip:rr>",
      "Route: <sip:r>",
      "From: x",
      "X-New: 0",
      "x-new: 3",
      "Content-Length: 0",
    ]);
  });

  it("a new body brings its length and type; no body loses its type", () => {
    const edited = new Edit(invite()).body(latin1("v=0\r\n"), "application/sdp").draft();
    const message = fromDraft(edited);
    assert.deepEqual([message.first(Name.ContentLength), message.first(Name.ContentType)], ["5", "application/sdp"]);
    const emptied = fromDraft(new Edit(message).body(noBody).draft());
    assert.deepEqual([emptied.first(Name.ContentLength), emptied.has(Name.ContentType)], ["0", false]);
  });

  it("nothing that is put in becomes a line of its own", () => {
    const { head } = new Edit(invite())
      .set(Name.Subject, "a\r\nEvil: 1")
      .startLine("BYE sip:a SIP/2.0\r\nEvil: 2")
      .draft();
    assert.doesNotMatch(head, /^Evil/m);
  });
});

describe("response (§8.2.6)", () => {
  it("takes Via, From, To, Call-ID and CSeq over as they were, and tags To once", () => {
    const ringing = response(invite(), 180, {
      toTag: "b",
      recordRoute: true,
      contact: "<sip:bob@h>",
      headers: [["X-Test", "1"]],
    });
    assert.deepEqual(lines(ringing), [
      "SIP/2.0 180 Ringing",
      "v: SIP/2.0/UDP p;branch=z9hG4bK2 , SIP/2.0/UDP c;branch=z9hG4bK1",
      "Via: SIP/2.0/TCP first;branch=z9hG4bK0",
      "Record-Route: <sip:p;lr>",
      "FROM:  sip:alice@example.com;tag=a",
      "To: Bob",
      " <sip:bob@example.com>;tag=b",
      "Call-ID: c1",
      "CSeq: 7 INVITE",
      "Contact: <sip:bob@h>",
      "X-Test: 1",
      "Content-Length: 0",
    ]);
    const within = received(["BYE sip:a SIP/2.0", "To: <sip:b>;tag=here", "Via: SIP/2.0/UDP h"]);
    assert.equal(answer(response(within, 200, { toTag: "other" })).to.tag, "here");
  });

  it("100 has the Timestamp and no tag", () => {
    const trying = answer(response(invite(), 100));
    assert.deepEqual([trying.first(Name.Timestamp), trying.to.tag, trying.reason], ["5.4", undefined, "Trying"]);
    assert.equal(answer(response(invite(), 200)).has(Name.Timestamp), false);
  });

  it("a reason of its own, a body, and no second line from either", () => {
    const refused = response(invite(), 400, {
      reason: "Bad\r\nEvil: 1",
      body: latin1("why"),
      contentType: "text/plain",
    });
    assert.equal(lines(refused)[0], "SIP/2.0 400 Bad  Evil: 1");
    assert.deepEqual(
      [answer(refused).first(Name.ContentLength), answer(refused).first(Name.ContentType)],
      ["3", "text/plain"],
    );
    assert.deepEqual(
      [reasonPhrase(486), reasonPhrase(499), reasonPhrase(999)],
      ["Busy Here", "Request Failure", "Unknown"],
    );
  });
});

describe("requests", () => {
  const options = {
    method: "OPTIONS",
    uri: "sip:h",
    via: "SIP/2.0/UDP me;branch=z9hG4bK1",
    from: "<sip:me>;tag=1",
    to: "<sip:h>",
    callId: "c",
    cseq: 3,
  } as const;

  it("are well formed", () => {
    const made = fromDraft(
      request({ ...options, route: ["<sip:a;lr>"], body: latin1("x"), contentType: "text/plain" }),
    );
    assert.ok(made.kind === "request");
    assert.equal(validate(made), undefined);
    assert.deepEqual(
      [made.maxForwards, made.cseq, made.list(Name.Route)],
      [70, { number: 3, method: "OPTIONS" }, ["<sip:a;lr>"]],
    );
  });

  it("ACK and CANCEL share with their INVITE what §17.1.1.3 and §9.1 name", () => {
    const sent = new Edit(invite()).prepend(Name.Via, "SIP/2.0/UDP me;branch=z9hG4bK9").draft();
    const busy = answer(response(invite(), 486, { toTag: "t" }));
    const ack = fromDraft(ackFor(sent, busy));
    const cancel = fromDraft(cancelFor(sent, [["Reason", 'SIP;cause=200;text="Call completed elsewhere"']]));
    for (const made of [ack, cancel]) {
      assert.ok(made.kind === "request");
      assert.equal(validate(made), undefined);
      assert.deepEqual(
        [made.uri, made.list(Name.Via), made.callId, made.from.tag, made.cseq.number],
        ["sip:bob@example.com", ["SIP/2.0/UDP me;branch=z9hG4bK9"], "c1", "a", 7],
      );
      assert.deepEqual(made.list(Name.Route), ["<sip:me;lr>", "<sip:next;lr>"]);
    }
    assert.deepEqual(
      [ack.cseq.method, ack.to.tag, cancel.cseq.method, cancel.to.tag],
      ["ACK", "t", "CANCEL", undefined],
    );
    assert.match(cancel.first(Name.Reason) ?? "", /elsewhere/);
  });

  it("go over the wire as head, empty line, body", () => {
    const write = (text: string, into: Uint8Array, at: number) => Buffer.prototype.latin1Write.call(into, text, at);
    const bytes = toBytes("A: \xff\r\n", Uint8Array.of(0, 255), write, (n) => new Uint8Array(n).fill(7));
    assert.deepEqual([...bytes], [65, 58, 32, 255, 13, 10, 13, 10, 0, 255]);
  });
});
