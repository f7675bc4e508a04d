import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "@sipmesh/drivers";
import { inEveryShape } from "../end-to-end/shapes.ts";
import { type Expectation, notYet, rfc4475, rfc5118 } from "./expectations.ts";
import { type Heard, RawClient, type Target } from "./raw-client.ts";
import { RecordingPeer } from "./recording-peer.ts";
import { assertForwarded, cut, valueIn } from "./wire.ts";

/** Second and third loopback addresses: the client can have the ports that the messages name in their Via. */
const CLIENT = "127.0.0.2";
const PEER = "127.0.0.3";
const PORTS = [5_060, 5_050, 5_070];
/** What is answered or forwarded is so within this time; what is dropped has been by then. */
const PATIENCE = 4_000;
const SILENCE = 300;
/** Several messages bear the same branch and method: they are the same transaction until 64·T1 have passed. */
const T1 = 50;
const TRANSACTION_LIFE = 64 * T1 + 300;

interface TortureMessage {
  readonly name: string;
  readonly bytes: Buffer;
  readonly transport: "UDP" | "TCP";
  /** The port that an answer over UDP goes to. */
  readonly port: number;
  readonly expectation: Expectation;
  /** Tells its transaction from others. */
  readonly transaction: string;
}

function corpus(folder: string, expectations: Readonly<Record<string, Expectation>>): TortureMessage[] {
  const read = (file: string) => readFileSync(new URL(`../corpora/${folder}/${file}`, import.meta.url));
  const [header = "", ...rows] = read("index.tsv").toString("utf8").trim().split("\n");
  const columns = header.split("\t");
  const messages = rows.map((row): TortureMessage => {
    const fields = row.split("\t");
    const field = (column: string) => fields[columns.indexOf(column)] ?? "";
    const name = field("name");
    const bytes = read(`${name}.dat`);
    assert.equal(createHash("sha256").update(bytes).digest("hex"), field("sha256"), `${name} is as it was published`);
    const expectation = expectations[name];
    assert.ok(expectation !== undefined, `what is expected of ${name}`);
    const text = bytes.toString("latin1");
    const transport = /^(?:via|v)\s*:\s*SIP\s*\/\s*[\d.]+\s*\/\s*(\w+)/im.exec(text)?.[1];
    return {
      name,
      bytes,
      // TLS comes with a later issue: its message is sent over TCP.
      transport: transport === "TCP" || transport === "TLS" ? "TCP" : "UDP",
      port: Number.parseInt(field("udp_reply_port") || "5060", 10),
      expectation,
      transaction: `${text.slice(0, text.indexOf(" "))} ${valueIn(cut(text), "via")?.replaceAll(/\s+|,.*/g, "")}`,
    };
  });
  assert.equal(messages.length, Object.keys(expectations).length, `all messages of ${folder}`);
  return messages;
}

/** Malformed messages are answered without state. */
const hasTransaction = ({ expectation }: TortureMessage): boolean =>
  expectation.type === "forwarded" ||
  (expectation.type === "answered" && !expectation.status.some((status) => status === 400 || status === 505));

/** The first message of every transaction, then the second of each, …: all wait together. */
function inRounds(messages: readonly TortureMessage[]): TortureMessage[] {
  const seen = new Map<string, number>();
  const rounds = messages.map((message) => {
    const round = hasTransaction(message) ? (seen.get(message.transaction) ?? 0) : 0;
    if (hasTransaction(message)) seen.set(message.transaction, round + 1);
    return { message, round };
  });
  return rounds.sort((a, b) => a.round - b.round).map(({ message }) => message);
}

const peerPort = await freePort();
const DOMAIN = "example.com";
const open = { authenticate: false, openToStrangers: true, anyUser: true };
const config = {
  directory: {
    domains: [
      { name: "sipmesh.test", ownAddresses: true, ...open },
      {
        name: DOMAIN,
        ...open,
        aliases: [
          "*.example.com",
          "example.org",
          "example.net",
          "*.example.net",
          "[2001:db8::10]",
          "[2001:db8::10:5070]",
          "[2001:db8::192.0.2.1]",
          "[2001:db8:::192.0.2.1]",
        ],
      },
    ],
  },
  // What the Route header fields of wsinv and mpart01 call us.
  transaction: { names: ["services.example.com", "127.0.0.1:5080"], timers: { t1: T1, t2: 500, t4: 500 } },
  routing: {
    media: "never",
    routes: [{ name: "peer", match: { domain: DOMAIN }, to: `sip:${PEER}:${peerPort}`, strangers: true }],
  },
};

const corpora = [
  ["RFC 4475", corpus("rfc4475", rfc4475)],
  ["RFC 5118", corpus("rfc5118", rfc5118)],
] as const;

it("all that is not handled yet is a message of the corpora", () => {
  const names = corpora.flatMap(([, messages]) => messages.map(({ name }) => name));
  assert.equal(names.length, 49 + 12);
  for (const name of Object.keys(notYet)) assert.ok(names.includes(name), name);
});

inEveryShape("torture messages", { needs: [], platform: { authenticate: false, config } }, (platform) => {
  let peer: RecordingPeer;
  const clients = new Map<number, RawClient>();
  before(async () => {
    peer = await RecordingPeer.open(PEER, peerPort);
    for (const port of PORTS) clients.set(port, await RawClient.open(CLIENT, port));
  });
  after(() => {
    peer?.close();
    for (const client of clients.values()) client.close();
  });
  /** When a transaction will have been forgotten. */
  const ended = new Map<string, number>();
  const clientAt = (port: number): RawClient => {
    const client = clients.get(port);
    assert.ok(client !== undefined, `a client at port ${port}`);
    return client;
  };

  for (const [corpusName, messages] of corpora) {
    describe(corpusName, () => {
      for (const message of inRounds(messages)) {
        it(message.name, { skip: notYet[message.name] ?? false }, async () => {
          await pause(Math.max(0, (ended.get(message.transaction) ?? 0) - Date.now()));
          await judge(message, platform(), clientAt(message.port), peer);
          if (hasTransaction(message)) ended.set(message.transaction, Date.now() + TRANSACTION_LIFE);
          await stillAnswers(platform(), clientAt(PORTS[0] ?? 0));
        });
      }
    });
  }
});

async function judge(message: TortureMessage, target: Target, client: RawClient, peer: RecordingPeer): Promise<void> {
  const { bytes, transport, expectation } = message;
  const sent = cut(bytes.toString("latin1"));
  const callId = valueIn(sent, "call-id");
  const seenBefore = peer.count;
  const patience = expectation.type === "dropped" ? SILENCE : PATIENCE;
  const heard =
    transport === "TCP"
      ? await client.stream(target, bytes, patience)
      : await client.datagram(target, bytes, patience, callId);
  if (expectation.type === "forwarded") {
    const copy = await peer.request(callId ?? "", PATIENCE, seenBefore);
    assert.ok(copy !== undefined, `the peer got nothing; the answer was ${describeAnswer(heard)}`);
    assertForwarded(sent, copy);
    assert.equal(heard.status, 200, "the peer's answer comes back");
    return;
  }
  if (expectation.type === "dropped") assert.equal(heard.final, undefined, describeAnswer(heard));
  else assertAnswer(heard, expectation);
  await pause(20);
  assert.equal(peer.count, seenBefore, "the peer sees none of it");
}

function assertAnswer(heard: Heard, expected: Expectation & { type: "answered" }): void {
  assert.ok(
    expected.status.includes(heard.status),
    `${describeAnswer(heard)}, expected ${expected.status.join(" or ")}`,
  );
  const lines = heard.final?.lines ?? [];
  for (const line of expected.lines ?? [])
    assert.ok(
      lines.some((one) => line.test(one)),
      `${line} in ${lines}`,
    );
  for (const line of expected.absent ?? []) assert.ok(!lines.some((one) => line.test(one)), `no ${line} in ${lines}`);
}

const describeAnswer = (heard: Heard): string => heard.final?.startLine ?? "no answer";

async function stillAnswers(target: Target, client: RawClient): Promise<void> {
  const callId = randomUUID();
  const text = [
    `OPTIONS sip:${target.address}:${target.sipPort} SIP/2.0`,
    `Via: SIP/2.0/UDP ${CLIENT}:${client.port};branch=z9hG4bK${callId};rport`,
    "Max-Forwards: 70",
    `From: <sip:probe@sipmesh.test>;tag=${callId}`,
    `To: <sip:${target.address}>`,
    `Call-ID: ${callId}`,
    "CSeq: 1 OPTIONS",
    "Content-Length: 0",
  ].join("\r\n");
  const heard = await client.datagram(target, Buffer.from(`${text}\r\n\r\n`, "latin1"), PATIENCE, callId);
  assert.equal(heard.status, 200, "the platform still answers OPTIONS");
}
