import assert from "node:assert/strict";
import { hash as digest } from "node:crypto";
import { test } from "node:test";
import { parseChallenge, parseCredentials } from "@sipmesh/sip";
import fc from "fast-check";
import type { Algorithm, Hash } from "./algorithm.ts";
import { baseOf, hashOf } from "./algorithm.ts";
import { answerValue, readChallenge } from "./answer.ts";
import { challengeValue } from "./challenge.ts";
import { meansRequest, provesPassword } from "./check.ts";
import { readDigest } from "./credentials.ts";
import { equalInConstantTime } from "./equal.ts";
import { digestResponse, ha1Of } from "./response.ts";

const bytes = (content: string | Uint8Array): Uint8Array =>
  typeof content === "string" ? Buffer.from(content, "latin1") : content;
const hash: Hash = {
  md5Hex: (content) => digest("md5", bytes(content), "hex"),
  sha256Hex: (content) => digest("sha256", bytes(content), "hex"),
};

test("the example of RFC 2617 section 3.5", () => {
  const ha1 = ha1Of("MD5", "Mufasa", "testrealm@host.com", "Circle Of Life", hash);
  const response = digestResponse(
    {
      algorithm: "MD5",
      ha1,
      nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
      method: "GET",
      uri: "/dir/index.html",
      protection: { qop: "auth", nc: "00000001", cnonce: "0a4f113b" },
    },
    hash,
  );
  assert.equal(response, "6629fae49393a05397450978507c4ef1");
});

test("the examples of RFC 7616 section 3.9.1: MD5 and SHA-256", () => {
  const common = {
    nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    method: "GET",
    uri: "/dir/index.html",
    protection: { qop: "auth", nc: "00000001", cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ" },
  } as const;
  const of = (algorithm: "MD5" | "SHA-256"): string => {
    const ha1 = ha1Of(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life", hash);
    return digestResponse({ ...common, algorithm, ha1 }, hash);
  };
  assert.equal(of("MD5"), "8ca523f5e9506fed4657c9700eebdbec");
  assert.equal(of("SHA-256"), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
});

const algorithms: Algorithm[] = ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"];
const text = fc.string({ unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)) });

test("what a client answers proves its password to the server; a wrong password, method or body does not", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...algorithms),
      fc.constantFrom<("auth" | "auth-int")[]>([], ["auth"], ["auth-int"], ["auth", "auth-int"]),
      text,
      text,
      text,
      fc.integer({ min: 1, max: 0xffff_ffff }),
      (algorithm, qop, username, password, realm, count) => {
        const challenge = readChallenge(
          parseChallenge(challengeValue({ realm, nonce: "n0nce", algorithm, stale: false, qop })),
        );
        assert.ok(challenge);
        const body = Buffer.from("v=0");
        const asked = { username, password, method: "INVITE", uri: "sip:bob@h", body, count, cnonce: "c" };
        const read = readDigest(parseCredentials(answerValue(challenge, asked, hash)));
        assert.ok(read.outcome === "read");
        assert.equal(read.credentials.username, username);
        assert.equal(read.credentials.protection?.count, qop.length > 0 ? count : undefined);
        const ha1 = ha1Of(baseOf(algorithm), username, realm, password, hash);
        const bodyHash = hashOf(algorithm, hash)(body);
        const right = { method: "INVITE", ha1, bodyHash };
        assert.equal(provesPassword(read.credentials, right, hash), true);
        assert.equal(provesPassword(read.credentials, { ...right, method: "BYE" }, hash), false);
        const wrong = ha1Of(baseOf(algorithm), username, realm, `${password}x`, hash);
        assert.equal(provesPassword(read.credentials, { ...right, ha1: wrong }, hash), false);
        const other = { ...right, bodyHash: hashOf(algorithm, hash)("v=1") };
        assert.equal(provesPassword(read.credentials, other, hash), challenge.qop !== "auth-int");
      },
    ),
  );
});

test("a challenge says what RFC 7616 section 3.3 asks for", () => {
  const challenge = { realm: 'a "b" \\', nonce: "n", algorithm: "SHA-256", stale: true, qop: ["auth"] } as const;
  assert.equal(
    challengeValue(challenge),
    'Digest realm="a \\"b\\" \\\\", nonce="n", algorithm=SHA-256, qop="auth", stale=true',
  );
});

test("challenges that we cannot answer are left aside", () => {
  for (const value of [
    "Basic realm=x",
    'Digest realm="x", nonce="n", algorithm=SHA-512-256',
    'Digest realm="x", nonce="n", qop="token"',
    'Digest realm="x"',
  ]) {
    assert.equal(readChallenge(parseChallenge(value)), undefined, value);
  }
});

test("opaque goes back as it came", () => {
  const challenge = readChallenge(parseChallenge('Digest realm="x", nonce="n", opaque="5ccc"'));
  assert.ok(challenge);
  const value = answerValue(
    challenge,
    { username: "u", password: "p", method: "REGISTER", uri: "sip:h", body: Buffer.of(), count: 1, cnonce: "c" },
    hash,
  );
  assert.match(value, /opaque="5ccc"$/);
  assert.doesNotMatch(value, /qop|algorithm/);
});

const complete = 'Digest username="u", realm="r", nonce="n", uri="sip:h", response="00"';

test("credentials are read, refused as malformed, or taken as none", () => {
  const outcomes: [string, string][] = [
    [complete, "read"],
    [`${complete}, qop=auth, nc=00000001, cnonce="c"`, "read"],
    [`${complete}, qop="auth", nc=0000000A, cnonce="c", algorithm="md5"`, "read"],
    [`${complete}, qop=auth, cnonce="c"`, "malformed"],
    [`${complete}, qop=auth, nc=1, cnonce="c"`, "malformed"],
    [`${complete}, qop=auth, nc=0000000g, cnonce="c"`, "malformed"],
    [`${complete}, qop=auth, nc=00000001`, "malformed"],
    ['Digest username="u", realm="r", nonce="n", uri="sip:h"', "malformed"],
    [`${complete}, algorithm=SHA-512-256`, "not-ours"],
    [`${complete}, qop=auth-conf, nc=00000001, cnonce="c"`, "not-ours"],
    ["NoOneKnowsThisScheme opaque-data=here", "not-ours"],
  ];
  for (const [value, outcome] of outcomes) assert.equal(readDigest(parseCredentials(value)).outcome, outcome, value);
});

test("a digest-uri is held against the Request-URI without its parameters", () => {
  const cases: [string, string, boolean][] = [
    ["sip:h", "sip:h", true],
    ["sip:H", "sip:h;transport=udp", true],
    ["sip:bob@h:5060", "sip:bob@h", true],
    ["sip:bob@h", "sip:carol@h", false],
    ["sip:bob@h", "sip:bob@g", false],
    ["tel:+1-2", "tel:+12", true],
    ["/index.html", "sip:h", false],
  ];
  for (const [uri, requestUri, same] of cases)
    assert.equal(meansRequest(uri, requestUri), same, `${uri} ${requestUri}`);
});

test("the comparison of secrets tells equal from different", () => {
  fc.assert(fc.property(text, text, (a, b) => equalInConstantTime(a, b) === (a === b)));
  assert.equal(equalInConstantTime("abc", "abc"), true);
  assert.equal(equalInConstantTime("abc", "abcabc"), false);
});
