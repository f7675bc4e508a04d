import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { readCSeq } from "./cseq.ts";
import { valueEndAt } from "./list.ts";
import { readNameAddress } from "./name-address.ts";
import { isPlainRoute, plainAddress, plainCSeq, plainUriEnd, plainVia } from "./plain.ts";
import { readUri } from "./uri.ts";
import { readVia } from "./via.ts";

/** Pieces out of which well-formed, odd and malformed values are made. */
const pieces = [
  ..."\"<>;=,:@?%[]\\/ \t\r\n-._+*~!'aZ09é",
  "SIP/2.0/UDP ",
  "SIP/2.0/TLS ",
  "sip:",
  "sips:",
  "tel:",
  "alice",
  "example.com",
  "Example.COM",
  "192.0.2.1",
  "[2001:db8::1]",
  ":5060",
  ":70000",
  ";branch=z9hG4bK1",
  ";rport",
  ";rport=5061",
  ";rport=x",
  ";received=192.0.2.9",
  ";received=[::1]",
  ";tag=1",
  ";TAG=2",
  ";lr",
  '"Alice" ',
  "Bob ",
  "%41",
  "1 INVITE",
  "4294967296 ",
];
const odd = fc.array(fc.constantFrom(...pieces), { maxLength: 9 }).map((parts) => parts.join(""));
const usual = fc.oneof(
  fc.tuple(fc.constantFrom("sip:", "sips:"), odd).map(([scheme, rest]) => `"A" <${scheme}a@b${rest}>;tag=1`),
  odd.map((rest) => `<sip:a@b>${rest}`),
  odd.map((rest) => `SIP/2.0/UDP a.b${rest}`),
  odd.map((rest) => `7 INVITE${rest}`),
);

const before = "INVITE";
const asLines = (value: string) => ({
  head: value,
  bytes: Buffer.from(before + value, "latin1"),
  origin: before.length,
});
const trimmed = fc.oneof(odd, usual).map((text) => text.trim());

it("what the plain readers take, the thorough ones read to the same values", () => {
  let taken = 0;
  const same = <T extends object>(plain: T | undefined, thorough: T | undefined): void => {
    if (plain === undefined) return;
    taken++;
    assert.deepEqual(facts(plain), facts(thorough));
  };
  fc.assert(
    fc.property(trimmed, (value) => {
      const lines = asLines(value);
      const from = lines.origin;
      const to = from + value.length;
      same(plainVia(lines, from, to), readVia(value, 0, valueEndAt(value, 0, value.length)));
      same(plainCSeq(lines, from, to), readCSeq(value));
      const address = readNameAddress(value);
      same(plainAddress(lines, from, to), address && readUri(address.uri) && address);
      if (plainUriEnd(lines.bytes, from, to) === to) {
        const uri = readUri(value);
        assert.ok(uri?.kind === "sip" && uri.headers === undefined, value);
        taken++;
      }
      if (isPlainRoute(lines.bytes, from, to)) {
        assert.equal(valueEndAt(value, 0, value.length), value.length);
        assert.ok(address && readUri(address.uri), value);
        taken++;
      }
    }),
    { numRuns: 20_000 },
  );
  assert.ok(taken > 1000, `only ${taken} values were taken`);
});

/** A value with its parameters written out. */
const facts = (value: object | undefined): unknown =>
  value && "params" in value ? { ...value, params: [...(value.params as Iterable<unknown>)] } : value;
