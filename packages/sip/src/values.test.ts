import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  Name,
  nameOf,
  nameText,
  parseContact,
  parseCredentials,
  parseNameAddress,
  parseVia,
  quote,
  readContact,
  readCredentials,
  readCSeq,
  readNameAddress,
  readQ,
  readSeconds,
  readVia,
  sentByMatches,
  splitList,
  unquote,
} from "./index.ts";

describe("names of header fields", () => {
  it("are known in any case, long and compact", () => {
    for (const [number, text] of nameText.entries()) {
      if (number === 0) continue;
      assert.equal(nameOf(text), number);
      assert.equal(nameOf(text.toUpperCase()), number);
      assert.equal(nameOf(text.toLowerCase()), number);
    }
    const compact = Object.entries({
      i: "CallId",
      m: "Contact",
      e: "ContentEncoding",
      l: "ContentLength",
      c: "ContentType",
    });
    const more = Object.entries({
      f: "From",
      s: "Subject",
      k: "Supported",
      t: "To",
      v: "Via",
      r: "ReferTo",
      o: "Event",
    });
    for (const [letter, key] of [...compact, ...more]) {
      assert.equal(nameOf(letter), Name[key as keyof typeof Name]);
      assert.equal(nameOf(letter.toUpperCase()), Name[key as keyof typeof Name]);
    }
    for (const unknown of ["", "Z", "Vi", "Viaa", "Call ID", "C%6Fntact", "To:"])
      assert.equal(nameOf(unknown), 0, unknown);
  });

  it("keep their numbers: those are what travels on the bus", () => {
    const first = ["Unknown", "Via", "From", "To", "CallId", "CSeq", "MaxForwards", "Contact", "Route", "RecordRoute"];
    assert.deepEqual(Object.keys(Name).slice(0, 12), [...first, "ContentLength", "ContentType"]);
    assert.equal(Name.SessionId, 90);
    assert.equal(new Set(nameText).size, nameText.length);
  });
});

describe("name-addr and addr-spec (RFC 3261 §20.10)", () => {
  it("names, parameters and whose they are", () => {
    const quoted = parseNameAddress('"A. G. \\"Bell\\", <inventor>"  <sip:a@b;x=y?h=v> ;tag=1;X="a;b,c" ; flag');
    assert.deepEqual(
      [quoted.displayName, quoted.uri, quoted.tag],
      ['A. G. "Bell", <inventor>', "sip:a@b;x=y?h=v", "1"],
    );
    assert.deepEqual(
      [quoted.params.get("x"), quoted.params.get("flag"), quoted.params.get("none")],
      ['"a;b,c"', "", undefined],
    );
    const bare = parseNameAddress(" sip:a@b;tag=2 ");
    assert.deepEqual([bare.displayName, bare.uri, bare.tag], [undefined, "sip:a@b", "2"]);
    assert.equal(parseNameAddress("Caller (home)<sip:a@b>").displayName, "Caller (home)");
    assert.equal(parseNameAddress('sip:a@b;note="<x>"').params.get("note"), '"<x>"');
  });

  it("malformed ones are refused", () => {
    for (const text of [
      "",
      "<>",
      "<sip:a@b",
      '"x <sip:a@b>',
      '"x" sip:a@b',
      "Bell, A <sip:a@b>",
      "<sip:a@b>;",
      "<sip:a@b>;;tag=1",
      "<sip:a@b>x",
      "<sip:a@b>;tag=",
      "a b",
    ]) {
      assert.equal(readNameAddress(text), undefined, text);
    }
    assert.throws(() => parseNameAddress("< sip:a@b >"), { name: "MessageError" });
  });
});

describe("Via (§20.42, RFC 3581)", () => {
  it("is read with its parameters", () => {
    const via = parseVia("SIP/2.0/tls [2001:DB8::9]:5061;branch=z9hG4bK1;RPORT;received=192.0.2.1;ttl=1");
    assert.deepEqual(
      [via.transport, via.host, via.port, via.branch, via.rport, via.received],
      ["TLS", "2001:db8::9", 5061, "z9hG4bK1", true, "192.0.2.1"],
    );
    assert.deepEqual(
      [parseVia("SIP/2.0/UDP h : 5070 ;rport=99").port, parseVia("SIP/2.0/UDP h;rport=99").rport],
      [5070, 99],
    );
  });

  it("malformed ones are refused", () => {
    for (const text of [
      "",
      "SIP/2.0/UDP",
      "SIP/2.0/UDP ",
      "SIP/2.0/ h",
      "SIP/3.0/UDP h",
      "HTTP/1.1 h",
      "SIP/2.0/UDP h;",
      "SIP/2.0/UDP h i",
      "SIP/2.0/UDP h:x",
      "SIP/2.0/UDP h;branch=",
    ]) {
      assert.equal(readVia(text), undefined, text);
    }
  });

  it("sent-by compares without case, a missing port as the transport's own", () => {
    assert.ok(sentByMatches(parseVia("SIP/2.0/UDP Proxy.Example.COM"), "proxy.example.com", 5060));
    assert.ok(sentByMatches(parseVia("SIP/2.0/TLS h"), "H", 5061));
    assert.ok(!sentByMatches(parseVia("SIP/2.0/UDP h:5070"), "h", 5060));
  });
});

describe("CSeq, Contact, lists, quoting", () => {
  it("CSeq goes up to 32 bits", () => {
    assert.deepEqual(readCSeq("4294967295 INVITE"), { number: 4294967295, method: "INVITE" });
    for (const text of ["", "1", "INVITE", "4294967296 INVITE", "-1 INVITE", "1 IN VITE", "1.5 INVITE", "0x1 INVITE"]) {
      assert.equal(readCSeq(text), undefined, text);
    }
  });

  it("Contact: q and expires", () => {
    const contact = parseContact('"A" <sip:a@b>;q=0.75;expires=300');
    assert.deepEqual([contact.q, contact.expires, contact.text], [0.75, 300, '"A" <sip:a@b>;q=0.75;expires=300']);
    assert.deepEqual([readQ("1"), readQ("1.000"), readQ("0.333"), readQ("0.")], [1, 1, 0.333, 0]);
    for (const text of ["", "1.1", "2", "-0", ".5", "0.1234", "0.x", "1e1"]) assert.equal(readQ(text), undefined, text);
    assert.deepEqual(
      [readSeconds("280297596632815"), readSeconds("7"), readSeconds("x"), readSeconds("")],
      [4294967295, 7, undefined, undefined],
    );
    assert.equal(readContact("sip:a@b?x=y"), undefined);
    assert.equal(readContact("<sip:a@b?x=y>")?.uri, "sip:a@b?x=y");
  });

  it("lists are split at commas outside quotes and angle brackets", () => {
    assert.deepEqual(splitList(' a , "b, \\", c" <sip:x,y@z>;p=1 ,, <sip:d,e@f>\r\n ,g'), [
      "a",
      '"b, \\", c" <sip:x,y@z>;p=1',
      "<sip:d,e@f>",
      "g",
    ]);
    assert.deepEqual(splitList(""), []);
  });

  it("what is quoted comes back", () => {
    for (const text of ["", "a", 'a"b', "a\\b", '\\"', "\\\\"]) assert.equal(unquote(quote(text)), text);
  });
});

describe("credentials (§20.7)", () => {
  it("scheme and parameters, quoted or not, in any case", () => {
    const { scheme, params } = parseCredentials(
      'DIGEST Username="Al\\"ice", realm="a, b",nc=00000001 ,\r\n qop=auth,uri="sip:x;y=z"',
    );
    assert.equal(scheme, "digest");
    assert.deepEqual(
      [...params],
      [
        ["username", 'Al"ice'],
        ["realm", "a, b"],
        ["nc", "00000001"],
        ["qop", "auth"],
        ["uri", "sip:x;y=z"],
      ],
    );
  });

  it("malformed ones are refused, and what is said twice", () => {
    for (const text of ["", "Digest x", 'Digest a="b', "Digest =b", "Digest a=1, A=2", 'Digest a="b"c']) {
      assert.equal(readCredentials(text), undefined, text);
    }
  });
});
