import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import {
  addressOfRecord,
  Edit,
  fromFields,
  Name,
  parseContacts,
  parseDatagram,
  parseUri,
  type Request,
  response,
  StreamFramer,
  toBytes,
  validate,
} from "./index.ts";

const decode = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.prototype.latin1Slice.call(bytes, start, end);
const encodeInto = (text: string, into: Uint8Array, at: number): number =>
  Buffer.prototype.latin1Write.call(into, text, at);

const corpora = new URL("../../../test/corpora/", import.meta.url);
const read = (path: string): Uint8Array => new Uint8Array(readFileSync(new URL(path, corpora)));

/** The rows of a corpus' index.tsv by column name. */
const index = (corpus: string): Record<string, string>[] => {
  const [header = "", ...rows] = readFileSync(new URL(`${corpus}/index.tsv`, corpora), "utf8")
    .split("\n")
    .filter((line) => line !== "");
  const columns = header.split("\t");
  return rows.map((row) =>
    Object.fromEntries(row.split("\t").map((cell, i) => [columns[i] ?? "", cell] satisfies [string, string])),
  );
};

/** What the edge refuses, and how: status and code. Everything else goes on to the proxy core or the registrar. */
const refused: Record<string, [status: number, code: string]> = {
  badinv01: [400, "bad-via"],
  clerr: [400, "short-body"],
  ncl: [400, "bad-content-length"],
  scalar02: [400, "bad-cseq"],
  scalarlg: [0, "bad-cseq"],
  quotbal: [400, "bad-address"],
  ltgtruri: [400, "bad-request-uri"],
  lwsruri: [400, "bad-request-line"],
  lwsstart: [400, "bad-request-line"],
  trws: [400, "bad-request-line"],
  escruri: [400, "request-uri-headers"],
  badaspec: [400, "bad-address"],
  baddn: [400, "unterminated-head"],
  badvers: [505, "unsupported-version"],
  mismatch01: [400, "cseq-method-mismatch"],
  mismatch02: [400, "cseq-method-mismatch"],
  bigcode: [0, "bad-status-line"],
  badbranch: [400, "empty-branch"],
  insuf: [400, "missing-to"],
  multi01: [400, "multiple-to"],
  mcl01: [400, "multiple-content-length"],
  bcast: [0, "broadcast-via"],
  "ipv6-bad": [400, "bad-request-uri"],
};

const inspect = (bytes: Uint8Array) => {
  const result = parseDatagram(bytes, decode);
  assert.ok(!("keepAlive" in result));
  if (!result.ok) return { problem: result.problem, message: result.message };
  return { problem: validate(result.message), message: result.message };
};

const message = (path: string) => {
  const { problem, message } = inspect(read(path));
  assert.equal(problem, undefined);
  assert.ok(message);
  return message;
};

const request = (path: string): Request => {
  const found = message(path);
  assert.equal(found.kind, "request");
  return found as Request;
};

for (const [corpus, count] of [
  ["rfc4475", 49],
  ["rfc5118", 12],
] as const) {
  const rows = index(corpus);
  describe(corpus, () => {
    it(`has its ${count} messages, bytes unchanged`, () => {
      const files = readdirSync(new URL(`${corpus}/`, corpora)).filter((name) => name.endsWith(".dat"));
      assert.deepEqual(files.sort(), rows.map(({ name }) => `${name}.dat`).sort());
      assert.equal(rows.length, count);
      for (const { name = "", sha256 } of rows) {
        assert.equal(
          createHash("sha256")
            .update(read(`${corpus}/${name}.dat`))
            .digest("hex"),
          sha256,
          name,
        );
      }
    });

    for (const row of rows) {
      const name = row.name ?? "";
      const bytes = read(`${corpus}/${name}.dat`);
      const expected = refused[name];
      it(`${name}: ${expected === undefined ? "goes on" : `${expected[0] || "dropped"}, ${expected[1]}`}`, () => {
        const { problem, message } = inspect(bytes);
        assert.deepEqual(problem && [problem.status, problem.code], expected);
        assert.ok(message);
        // The table has the last word: nothing that it calls valid is refused, and what must be refused is.
        if (row.class === "valid" || row.class === "robust") assert.equal(expected, undefined);
        const verdict = corpus === "rfc4475" ? (row.proxy ?? "") : (row.expected ?? "");
        if (expected?.[0] === 0) assert.match(verdict, /drop|discard/);
        else if (expected?.[0] === 505) assert.match(verdict, /505/);
        else if (expected !== undefined) assert.match(verdict, /400/);
        else assert.doesNotMatch(verdict, /^(400|reject|error)\b(?!.*(ignore|liberal|fall back))/);
        if (expected !== undefined && message.kind === "request") {
          const answer = parseDatagram(bytesOf(response(message, 400, { toTag: "sipmesh" })), decode);
          assert.ok(answer.ok && !("keepAlive" in answer));
        }
        if (expected !== undefined) return;
        const rebuilt = fromFields(message.raw, message.fields, decode);
        assert.deepEqual(
          [rebuilt.head, rebuilt.fields, Buffer.from(rebuilt.body).toString("hex")],
          [message.head, message.fields, Buffer.from(message.body).toString("hex")],
        );
        const withoutLength = message.has(Name.ContentLength) ? "" : `Content-Length: ${message.body.length}\r\n`;
        assert.equal(new Edit(message).draft().head, message.head + withoutLength);
      });
    }
  });
}

const bytesOf = ({ head, body }: { head: string; body: Uint8Array }): Uint8Array => toBytes(head, body, encodeInto);

describe("what the torture messages mean", () => {
  it("variants: the unquoted comma of baddn is refused for itself; true Content-Lengths are read", () => {
    assert.equal(inspect(read("rfc4475/variants/baddn-crlf.dat")).problem?.code, "bad-address");
    assert.equal(inspect(read("rfc4475/variants/not-in-rfc-test.dat")).problem?.code, "not-sip");
    for (const name of ["ipv4-mapped-ipv6", "ipv6-in-sdp", "mult-ip-in-sdp"]) {
      const fixed = message(`rfc5118/variants/${name}.clfixed.dat`);
      assert.equal(fixed.body.length, Number(fixed.first(Name.ContentLength)), name);
    }
  });

  it("wsinv: white space and folding around everything", () => {
    const { via, from, to, cseq, maxForwards } = request("rfc4475/wsinv.dat");
    assert.deepEqual([via.transport, via.host, via.branch], ["UDP", "192.0.2.2", "390skdjuw"]);
    assert.deepEqual([from.displayName, from.tag], ['J Rosenberg \\"', "98asjd8"]);
    assert.deepEqual([to.uri, to.tag], ["sip:vivekg@chair-dnrc.example.com", "1918181833n"]);
    assert.deepEqual([cseq, maxForwards], [{ number: 9, method: "INVITE" }, 68]);
    const invite = request("rfc4475/wsinv.dat");
    assert.equal(invite.list(Name.Via).length, 3);
    assert.deepEqual(invite.named("newfangledheader"), ["newfangled value continued newfangled value"]);
    assert.deepEqual(invite.named("unknownheaderwithunusualvalue"), [";;,,;;,;"]);
  });

  it("esc01, semiuri: escapes are undone once, and only in the user part", () => {
    const uri = parseUri(request("rfc4475/esc01.dat").uri);
    assert.ok(uri.kind === "sip");
    assert.deepEqual([uri.user, uri.host], ["sips:user@example.com", "example.net"]);
    const semi = parseUri(request("rfc4475/semiuri.dat").uri);
    assert.ok(semi.kind === "sip");
    assert.deepEqual([semi.user, semi.host], ["user;par=u@example.net", "example.com"]);
  });

  it("escnull: a zero byte ends nothing", () => {
    const register = request("rfc4475/escnull.dat");
    const uri = parseUri(register.to.uri);
    assert.ok(uri.kind === "sip");
    assert.equal(addressOfRecord(uri), "null-\0-null@example.com");
    assert.equal(parseContacts(register).length, 2);
  });

  it("esc02: an escaped method or header name is another one", () => {
    const { method } = request("rfc4475/esc02.dat");
    assert.equal(method, "RE%47IST%45R");
    assert.equal(request("rfc4475/esc02.dat").list(Name.Contact).length, 2);
  });

  it("dblreq: what follows the first message in a datagram is no part of it; on a stream it is the next", () => {
    const bytes = read("rfc4475/dblreq.dat");
    const register = request("rfc4475/dblreq.dat");
    assert.equal(register.body.length, 0);
    assert.ok(register.raw.length < bytes.length);
    const [first, second] = new StreamFramer(decode).push(bytes);
    assert.ok(first?.type === "message" && second?.type === "message");
    assert.deepEqual(first.message.raw, register.raw);
    assert.deepEqual(second.message.cseq, { number: 8, method: "INVITE" });
  });

  it("mpart01: a binary body is carried byte for byte", () => {
    const { body, raw } = request("rfc4475/mpart01.dat");
    assert.equal(body.length, 553);
    assert.ok(Buffer.from(read("rfc4475/mpart01.dat")).includes(body));
    assert.deepEqual(raw, read("rfc4475/mpart01.dat").subarray(0, raw.length));
  });

  it("cparam01, cparam02, regescrt: whose parameter it is depends on the angle brackets", () => {
    const [first] = parseContacts(request("rfc4475/cparam01.dat"));
    assert.ok(typeof first === "object");
    assert.deepEqual([first.uri, first.params.has("unknownparam")], ["sip:+19725552222@gw1.example.net", true]);
    const [second] = parseContacts(request("rfc4475/cparam02.dat"));
    assert.ok(typeof second === "object");
    assert.equal(second.uri, "sip:+19725552222@gw1.example.net;unknownparam");
    const [third] = parseContacts(request("rfc4475/regescrt.dat"));
    assert.ok(typeof third === "object");
    assert.equal(third.uri, "sip:user@example.com?Route=%3Csip:sip.example.com%3E");
  });

  it("regbadct: a Contact with headers and no angle brackets is the registrar's to refuse", () => {
    const register = request("rfc4475/regbadct.dat");
    assert.throws(() => parseContacts(register), { name: "MessageError" });
  });

  it("ipv6 references: ambiguous ports, mapped addresses, received with and without brackets", () => {
    const hostAndPort = (path: string) => {
      const uri = parseUri(request(path).uri);
      assert.ok(uri.kind === "sip");
      return [uri.host, uri.port];
    };
    assert.deepEqual(hostAndPort("rfc5118/port-ambiguous.dat"), ["2001:db8::10:5070", undefined]);
    assert.deepEqual(hostAndPort("rfc5118/port-unambiguous.dat"), ["2001:db8::10", 5070]);
    assert.equal(request("rfc5118/ipv4-mapped-ipv6.dat").via.host, "::ffff:192.0.2.10");
    assert.equal(request("rfc5118/via-received-param-with-delim.dat").via.received, "2001:db8::9:255");
    assert.equal(request("rfc5118/via-received-param-no-delim.dat").via.received, "2001:db8::9:255");
  });
});
