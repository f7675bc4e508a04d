import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  Edit,
  fromDraft,
  fromFields,
  type Message,
  MessageError,
  Name,
  nameText,
  parseChallenge,
  parseContact,
  parseDatagram,
  parseNameAddress,
  parseUri,
  parseVia,
  readAuthParameters,
  response,
  StreamFramer,
  splitList,
  toBytes,
  validate,
} from "./index.ts";

const decode = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.prototype.latin1Slice.call(bytes, start, end);
const encodeInto = (text: string, into: Uint8Array, at: number): number =>
  Buffer.prototype.latin1Write.call(into, text, at);
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
/** Without the white space of SIP at its ends: JavaScript's own trim takes more. */
const trimmed = (text: string): string => text.replace(/^[ \t\r\n]+/, "").replace(/[ \t\r\n]+$/, "");
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const accepted = (bytes: Uint8Array): Message => {
  const result = parseDatagram(bytes, decode);
  assert.ok(result.ok && !("keepAlive" in result), JSON.stringify(result));
  return result.message;
};

const tokenCharacter = fc.constantFrom(..."abcxyzABCXYZ0189-.!%*_+`'~");
const token = fc.string({ unit: tokenCharacter, minLength: 1, maxLength: 12 });
const byteCharacter = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
/** Anything that a header field value may be, bytes above 127 and folding included. */
const plainValue = fc
  .string({ unit: byteCharacter, maxLength: 40 })
  .map((text) => text.replaceAll("\r", "r").replaceAll("\n", "n"))
  .map(trimmed);
const value = fc.oneof(
  plainValue,
  fc.array(plainValue, { minLength: 2, maxLength: 3 }).map((parts) => parts.join("\r\n \t")),
);
const someName = fc.oneof(
  token.filter((name) => name.toLowerCase() !== "l" && name.toLowerCase() !== "content-length"),
  fc.constantFrom(...nameText.slice(1)).filter((name) => name !== "Content-Length"),
);
const line = fc.tuple(someName, fc.constantFrom("", " ", "\t "), fc.constantFrom("", " ", "  "), value);
const body = fc.uint8Array({ maxLength: 200 });
const startLine = fc.oneof(
  fc
    .tuple(token, fc.constantFrom("sip:a@b", "tel:+1", "soap.beep://x:1", "x-y:z"))
    .map((parts) => `${parts.join(" ")} SIP/2.0`),
  fc.tuple(fc.integer({ min: 100, max: 699 }), plainValue).map(([status, reason]) => `SIP/2.0 ${status} ${reason}`),
);
const generated = fc.tuple(startLine, fc.array(line, { minLength: 1, maxLength: 12 }), body);

const compose = ([start, lines, content]: typeof generated extends fc.Arbitrary<infer T> ? T : never) => {
  const fields = lines.map(([name, before, after, text]) => `${name}${before}:${after}${text}\r\n`);
  const head = `${start}\r\n${fields.join("")}Content-Length: ${content.length}\r\n`;
  return { head, fields, bytes: toBytes(head, content, encodeInto), body: content };
};

const corpora = new URL("../../../test/corpora/", import.meta.url);
const samples = ["rfc4475", "rfc5118"].flatMap((corpus) =>
  readdirSync(new URL(`${corpus}/`, corpora))
    .filter((name) => name.endsWith(".dat"))
    .map((name) => new Uint8Array(readFileSync(new URL(`${corpus}/${name}`, corpora)))),
);

/** Asks a message for everything that can be asked; only MessageError may come of it. */
const askEverything = (message: Message): void => {
  validate(message);
  for (const ask of [
    () => message.via,
    () => message.from,
    () => message.to,
    () => message.cseq,
    () => message.callId,
  ]) {
    try {
      ask();
    } catch (error) {
      assert.ok(error instanceof MessageError, String(error));
    }
  }
  for (const name of [Name.Via, Name.Route, Name.Contact, Name.Unknown]) message.list(name);
  message.named("x");
  if (message.kind === "request") response(message, 400, { toTag: "t" });
  const draft = new Edit(message).removeTopValue(Name.Via).prepend(Name.Via, "SIP/2.0/UDP h").draft();
  fromDraft(draft);
};

const survives = (bytes: Uint8Array): void => {
  const result = parseDatagram(bytes, decode);
  if (!("keepAlive" in result) && result.message !== undefined) askEverything(result.message);
  for (const event of new StreamFramer(decode).push(bytes)) {
    if (event.type !== "ping" && event.message !== undefined) askEverything(event.message);
  }
};

describe("messages are byte exact", () => {
  it("parsing gives what was built: head, body, every line's value, in order", () => {
    fc.assert(
      fc.property(generated, (parts) => {
        const built = compose(parts);
        const message = accepted(built.bytes);
        assert.equal(message.head, built.head);
        assert.equal(hex(message.body), hex(built.body));
        assert.equal(hex(message.raw), hex(built.bytes));
        assert.equal(message.fields.length, 4 * (built.fields.length + 1));
        for (const [i, [, , , text]] of parts[1].entries()) {
          assert.equal(message.valueAt(4 * i), trimmed(text).replaceAll("\r\n", ""));
          const [start, end] = [message.fields[4 * i + 1], message.fields[4 * i + 5]];
          assert.equal(message.head.slice(start, end), built.fields[i]);
        }
      }),
    );
  });

  it("a message rebuilt from its field table is the parsed one", () => {
    fc.assert(
      fc.property(generated, (parts) => {
        const message = accepted(compose(parts).bytes);
        const rebuilt = fromFields(message.raw, message.fields, decode);
        const facts = (m: Message) => [
          m.kind,
          m.head,
          m.fields,
          hex(m.body),
          "status" in m ? [m.status, m.reason] : [m.method, m.uri],
        ];
        assert.deepEqual(facts(rebuilt), facts(message));
        assert.deepEqual(facts(fromDraft({ head: message.head, body: message.body })), facts(message));
      }),
    );
  });

  it("what stands after the message in its datagram, and CRLF before it, is no part of it", () => {
    fc.assert(
      fc.property(generated, fc.uint8Array({ maxLength: 20 }), (parts, rest) => {
        const built = compose(parts);
        const bytes = new Uint8Array(Buffer.concat([latin1("\r\n\r\n"), built.bytes, rest]));
        const message = accepted(bytes);
        assert.equal(hex(message.raw), hex(built.bytes));
      }),
    );
  });

  it("an edit leaves every line that it does not name as it was, in order", () => {
    const operations = fc.array(
      fc.tuple(
        fc.constantFrom("prepend", "append", "set", "remove", "removeTopValue", "replaceTopValue"),
        fc.constantFrom(Name.Via, Name.Route, Name.RecordRoute, Name.MaxForwards, Name.Contact),
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(generated, operations, (parts, edits) => {
        const message = accepted(compose(parts).bytes);
        const edit = new Edit(message);
        for (const [verb, name] of edits) {
          if (verb === "remove" || verb === "removeTopValue") edit[verb](name);
          else edit[verb as "set"](name, "edited");
        }
        const after = fromDraft(edit.draft());
        const named = new Set<number>(edits.map(([, name]) => name));
        const others = (m: Message): string[] => {
          const lines: string[] = [];
          for (let i = 0; i < m.fields.length; i += 4) {
            if (!named.has(m.fields[i] as number))
              lines.push(m.head.slice(m.fields[i + 1], m.fields[i + 5] ?? m.head.length));
          }
          return lines;
        };
        assert.deepEqual(others(after), others(message));
        assert.equal(hex(after.body), hex(message.body));
      }),
    );
  });
});

describe("no bytes break the reader", () => {
  it("random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        survives(bytes);
        survives(new Uint8Array(Buffer.concat([latin1("INVITE sip:a SIP/2.0\r\n"), bytes, latin1("\r\n\r\n")])));
      }),
      { numRuns: 500 },
    );
  });

  it("torture messages with bytes changed, dropped, doubled and cut off", () => {
    const mutation = fc.tuple(
      fc.constantFrom("change", "drop", "double", "cut"),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.oneof(fc.constantFrom(...latin1('\r\n \t:;,<>"\\@[]%=?\0')), fc.integer({ min: 0, max: 255 })),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(mutation, { minLength: 1, maxLength: 8 }),
        (sample, mutations) => {
          let bytes = sample;
          for (const [verb, where, code] of mutations) {
            const at = Math.floor(where * bytes.length);
            const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
            if (verb === "change") bytes = Uint8Array.from([...before, code, ...after.subarray(1)]);
            else if (verb === "drop") bytes = Uint8Array.from([...before, ...after.subarray(1)]);
            else if (verb === "double") bytes = Uint8Array.from([...before, ...after.subarray(0, 40), ...after]);
            else bytes = before;
          }
          survives(bytes);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it("single values: a value or a MessageError", () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom("sip:", "SIP/2.0/UDP ", "<", ">", '"', ";", ",", "=", "@", ":", "%41", "[", "]", " ", "\\"),
        token,
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join("");
        for (const parse of [parseUri, parseNameAddress, parseVia, parseContact, parseChallenge]) {
          try {
            parse(text);
          } catch (error) {
            assert.ok(error instanceof MessageError, `${parse.name}(${JSON.stringify(text)}): ${error}`);
          }
        }
        readAuthParameters(text);
        splitList(text);
      }),
      { numRuns: 1000 },
    );
  });

  it("time grows with length, not with its square", () => {
    const hostile = [
      "<",
      ">",
      '"',
      "\\",
      ",",
      ";",
      "a=",
      " ",
      "\t",
      "%",
      "@",
      "[",
      ":",
      "\r\n ",
      "a:\r\n",
      "\n",
      "\r",
    ].map((piece) => {
      const text = piece.repeat(Math.floor(60_000 / piece.length));
      return [
        `INVITE sip:a@b SIP/2.0\r\nVia: ${text}\r\nFrom: ${text}\r\nTo: ${text}\r\n\r\n`,
        `INVITE sip:a@b SIP/2.0\r\n${text}\r\n\r\n`,
        `INVITE ${text} SIP/2.0\r\n\r\n`,
        `${text}\r\n\r\n`,
      ];
    });
    const started = process.cpuUsage().user;
    for (const text of hostile.flat()) survives(latin1(text));
    for (const [, text = ""] of hostile) {
      const long = text.slice(26);
      splitList(long);
      for (const parse of [parseUri, parseNameAddress, parseVia, parseContact, parseChallenge]) {
        assert.ok(text.length > 0);
        try {
          parse(long);
        } catch (error) {
          assert.ok(error instanceof MessageError);
        }
      }
    }
    // Squared, each of these hundreds of texts would take seconds.
    assert.ok(process.cpuUsage().user - started < 10_000_000, `${process.cpuUsage().user - started} µs`);
  });
});
