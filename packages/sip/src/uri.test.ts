import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  addressOfRecord,
  canonicalEscapes,
  decodeEscapes,
  escapeUser,
  hostPort,
  parseUri,
  readUri,
  type SipUri,
  sameUri,
} from "./index.ts";

const sip = (text: string): SipUri => {
  const uri = parseUri(text);
  assert.ok(uri.kind === "sip");
  return uri;
};

describe("SIP URIs (RFC 3261 §19.1)", () => {
  it("the examples of §19.1.3 are read", () => {
    const uri = sip(
      "sips:alice;day=tuesday:se%2dcret@ATLANTA.com:5070;transport=TCP;lr;x=%41?subject=project&priority=urgent",
    );
    assert.deepEqual(
      [uri.scheme, uri.user, uri.password, uri.host, uri.port, uri.headers],
      ["sips", "alice;day=tuesday", "se%2dcret", "atlanta.com", 5070, "subject=project&priority=urgent"],
    );
    assert.deepEqual(
      [...uri.params],
      [
        ["transport", "TCP"],
        ["lr", ""],
        ["x", "%41"],
      ],
    );
    assert.deepEqual(sip("sip:example.com").user, undefined);
    assert.deepEqual([sip("SIP:[2001:DB8::1]:5061").host, sip("sip:[2001:db8::1]:5061").port], ["2001:db8::1", 5061]);
  });

  it("malformed ones are refused", () => {
    for (const text of [
      "",
      "sip:",
      "sip:@example.com",
      "sip:a@",
      "sip:a@b:port",
      "sip:a@b:0",
      "sip:a@b:65536",
      "sip:a@b:",
      "sip:a@[::1",
      "sip:a@[::1]x",
      "sip:a@[host]",
      "sip:2001:db8::1",
      "sip:a%4@b",
      "sip:a@b;=x",
      "sip:a@b;;",
      "sip:a b@c",
      "sip:a@b\r\nX: y",
      "<sip:a@b>",
      "1sip:a@b",
      "example.com",
      "tel:",
      "tel:+",
      "tel:12x",
    ]) {
      assert.equal(readUri(text), undefined, text);
    }
  });

  it("other schemes are carried as they are", () => {
    assert.deepEqual(parseUri("soap.beep://192.0.2.103:3002"), {
      kind: "other",
      scheme: "soap.beep",
      text: "soap.beep://192.0.2.103:3002",
    });
    const tel = parseUri("tel:+1-(202)-555.0100;phone-context=example.com");
    assert.ok(tel.kind === "tel");
    assert.deepEqual([tel.number, tel.params.get("phone-context")], ["+12025550100", "example.com"]);
  });

  it("comparison: the equal ones of §19.1.4", () => {
    for (const [a, b] of [
      ["sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"],
      ["sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"],
      ["sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"],
      [
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
      ],
      [
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
      ],
      ["tel:+1-201-555-0123", "tel:+12015550123"],
      ["isbn:2983792873", "isbn:2983792873"],
    ] as const) {
      assert.ok(sameUri(parseUri(a), parseUri(b)), `${a} = ${b}`);
      assert.ok(sameUri(parseUri(b), parseUri(a)), `${b} = ${a}`);
    }
  });

  it("comparison: the different ones of §19.1.4", () => {
    for (const [a, b] of [
      ["SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"],
      ["sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"],
      ["sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"],
      ["sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"],
      ["sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"],
      ["sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"],
      ["sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"],
      ["sip:a@b", "sips:a@b"],
      ["sip:a@b", "sip:a:secret@b"],
      ["sip:a%3Bb@c", "sip:a;b@c"],
      ["sip:a@b", "tel:+1"],
      ["tel:+1;ext=5", "tel:+1"],
    ] as const) {
      assert.ok(!sameUri(parseUri(a), parseUri(b)), `${a} ≠ ${b}`);
      assert.ok(!sameUri(parseUri(b), parseUri(a)), `${b} ≠ ${a}`);
    }
  });

  it("an address of record is user unescaped and host in lower case, nothing else (§10.3)", () => {
    assert.equal(addressOfRecord(sip("sips:%41lice:pw@Example.COM:5061;user=phone?x=y")), "Alice@example.com");
    assert.equal(addressOfRecord(sip("sip:Example.com;lr")), "example.com");
  });

  it("any bytes can be a user part, and come back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 30 }), (bytes) => {
        const user = String.fromCharCode(...bytes);
        assert.equal(sip(`sip:${escapeUser(user)}@example.com`).user, user);
      }),
    );
  });

  it("escapes are undone once; what is no escape stays", () => {
    assert.equal(decodeEscapes("%25%34%31 %zz %"), "%41 %zz %");
    assert.equal(canonicalEscapes("%61%3b%2F%00%fe"), "a%3B%2F%00%FE");
  });

  it("addresses stand in brackets only where they have colons", () => {
    assert.deepEqual([hostPort("::1", 5060), hostPort("::1"), hostPort("a.b", 1)], ["[::1]:5060", "[::1]", "a.b:1"]);
  });
});
