import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, it } from "node:test";
import { freePort } from "@sipmesh/drivers";
import fc from "fast-check";
import { inEveryShape } from "../end-to-end/shapes.ts";
import { RawClient, type Target } from "./raw-client.ts";
import { RecordingPeer } from "./recording-peer.ts";
import { assertForwarded, assertReturned, cut } from "./wire.ts";

const CLIENT = "127.0.0.4";
const PEER = "127.0.0.5";
const PATIENCE = 5_000;
const RUNS = Number(process.env.SIPMESH_TEST_RUNS ?? 150);

const peerPort = await freePort();
// A trusted trunk may send anything anywhere; whatever it sends goes to the peer with its Request-URI as it is.
const to = `sip:${PEER}:${peerPort}`;
const schemes = ["sip", "sips", "tel", "urn", "http", "x-any.scheme+1"];
const config = {
  routing: {
    media: "never",
    trunks: [{ name: "client", to: `sip:${CLIENT}`, sources: [`${CLIENT}/32`] }],
    routes: schemes.map((scheme) => ({ name: scheme, match: { scheme }, to })),
  },
};

const characters = (set: string) => fc.constantFrom(...set);
const textOf = (set: string, minLength: number, maxLength: number) =>
  fc.string({ unit: characters(set), minLength, maxLength });

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const tokenSet = `${alphanumeric}-.!%*_+\`'~`;
const visible = Array.from({ length: 94 }, (_, n) => String.fromCharCode(33 + n)).join("");
const highBytes = Array.from({ length: 128 }, (_, n) => String.fromCharCode(128 + n)).join("");

/** Methods whose transactions a proxy treats as any other. ACK and CANCEL belong to another request, REGISTER to us. */
const method = fc.oneof(
  fc.constantFrom("MESSAGE", "INFO", "SUBSCRIBE", "NOTIFY", "OPTIONS", "INVITE"),
  textOf(tokenSet, 1, 20).filter((name) => !["ACK", "CANCEL", "REGISTER", "SIP"].includes(name.toUpperCase())),
);

const uri = fc.oneof(
  fc
    .tuple(textOf(`${alphanumeric}-_.!~*'()&=+$,;?/`, 1, 20), textOf(`${alphanumeric}-`, 0, 8))
    .map(([user, parameter]) => `sip:${user}@host.example${parameter === "" ? "" : `;p=${parameter}`}`),
  textOf("0123456789-.()", 3, 12).map((digits) => `tel:+1${digits};phone-context=example.com`),
  textOf(`${alphanumeric}:/?#@!$&'()*+,;=%20`, 1, 40)
    .filter((rest) => !rest.includes("%"))
    .chain((rest) => fc.constantFrom("urn:", "http:", "x-any.scheme+1:", "HTTP:").map((scheme) => scheme + rest)),
);

/** A header field's value: visible bytes of any kind, inner white space, folded lines. No white space at its ends. */
const word = textOf(visible + highBytes, 1, 24);
const value = fc
  .array(fc.tuple(word, fc.constantFrom(" ", "  ", "\t", "\r\n ", "\r\n\t  ")), { maxLength: 5 })
  .map((parts) => parts.map(([text, gap], n) => (n + 1 < parts.length ? text + gap : text)).join(""));

/** Names that nobody here knows, and known ones that a proxy has no business with, in any case, some repeated. */
const fieldName = fc.oneof(
  textOf(tokenSet, 1, 16).map((name) => `X-${name}`),
  fc.constantFrom("Subject", "s", "SUBJECT", "User-Agent", "call-info", "Warning", "Organization", "X-Odd", "x-odd"),
  fc.constantFrom("Accept", "aLLow", "Supported", "k", "Date", "Alert-Info", "In-Reply-To", "P-Asserted-Identity"),
);
const separator = fc.constantFrom(": ", ":", " : ", "\t:  ", ":\t", ":\r\n ");
const isInternal = (name: string) => name.toLowerCase().startsWith("x-sipmesh-");
const field = fc
  .tuple(
    fieldName.filter((name) => !isInternal(name)),
    separator,
    value,
    fc.constantFrom("", " ", "\t "),
  )
  .map(([name, colon, text, trailing]) => `${name}${colon}${text}${trailing}`);
const fields = fc.array(field, { maxLength: 12 });

const body = fc.oneof(
  fc.constant(""),
  fc.uint8Array({ minLength: 1, maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  fc.uint8Array({ minLength: 900, maxLength: 2_500 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
  fc.constant("--b\r\nContent-Type: a/b\r\n\r\n\0\n\r--b--\r\n\r\n"),
);

interface Generated {
  readonly method: string;
  readonly uri: string;
  readonly above: readonly string[];
  readonly below: readonly string[];
  readonly body: string;
  readonly compact: boolean;
  readonly maxForwards: number | undefined;
  readonly transport: "udp" | "tcp";
  readonly answerLines: readonly string[];
  readonly answerBody: string;
}

const generated: fc.Arbitrary<Generated> = fc.record({
  method,
  uri,
  above: fields,
  below: fields,
  body,
  compact: fc.boolean(),
  maxForwards: fc.option(fc.integer({ min: 5, max: 255 }), { nil: undefined }),
  transport: fc.constantFrom("udp", "tcp"),
  answerLines: fields,
  answerBody: body,
});

function requestOf(one: Generated, callId: string, port: number): string {
  const { compact } = one;
  return [
    `${one.method} ${one.uri} SIP/2.0`,
    ...one.above,
    `${compact ? "v" : "Via"}: SIP/2.0/${one.transport.toUpperCase()} ${CLIENT}:${port};branch=z9hG4bK${callId};rport`,
    `vIA: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKelse${callId}`,
    ...(one.maxForwards === undefined ? [] : [`Max-Forwards: ${one.maxForwards}`]),
    `${compact ? "f" : "FROM"}: "A \\"B\\", C" <sip:client@client.example>;x=1;tag=${callId}`,
    `${compact ? "t" : "To"}:  <sip:someone@host.example>`,
    `${compact ? "i" : "Call-ID"}: ${callId}`,
    `CSeq: 17   ${one.method}`,
    ...(one.method === "INVITE" || one.method === "SUBSCRIBE" ? [`Contact: <sip:client@${CLIENT}:${port};odd>`] : []),
    ...one.below,
    `${compact ? "l" : "content-length"} : ${one.body.length}`,
  ]
    .join("\r\n")
    .concat("\r\n\r\n", one.body);
}

inEveryShape("any message", { needs: [], platform: { authenticate: false, config } }, (platform) => {
  let peer: RecordingPeer;
  let client: RawClient;
  before(async () => {
    peer = await RecordingPeer.open(PEER, peerPort);
    client = await RawClient.open(CLIENT, 0);
  });
  after(() => {
    peer?.close();
    client?.close();
  });

  it("reaches the peer, and its response the client, but for a proxy's edits byte for byte", async () => {
    await fc.assert(
      fc.asyncProperty(generated, async (one) => {
        await exchange(one, platform(), client, peer);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });
});

async function exchange(one: Generated, target: Target, client: RawClient, peer: RecordingPeer): Promise<void> {
  const callId = randomBytes(8).toString("hex");
  const text = requestOf(one, callId, client.port);
  const bytes = Buffer.from(text, "latin1");
  peer.answer = { lines: one.answerLines, body: one.answerBody };
  const heard =
    one.transport === "tcp"
      ? await client.stream(target, bytes, PATIENCE)
      : await client.datagram(target, bytes, PATIENCE, callId);
  const copy = await peer.request(callId, heard.final === undefined ? PATIENCE : 100);
  assert.ok(copy !== undefined, `the peer got nothing; the answer was ${heard.final?.startLine}`);
  assertForwarded(cut(text), copy);
  const sent = peer.sent.get(callId);
  assert.ok(sent !== undefined && heard.final !== undefined, "the response comes back");
  assertReturned(sent, heard.final);
}
