import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LocateReply } from "@sipmesh/proto/routing";
import { Code, RpcError } from "@sipmesh/rpc";
import type { Address, Flow, Transport } from "@sipmesh/sip";
import { type FlowReference, referenceTo, type Way } from "@sipmesh/sip-core";
import { type DialogWay, type Found, nextHop } from "./next-hop.ts";
import type { Questions } from "./questions.ts";
import { edgeAt, presence } from "./testing/presence.ts";
import { wireFlow, wireTransport } from "./wire.ts";

const PHONE = { address: "192.0.2.7", port: 5062 };
const TO = "<sip:bob@example.com>;tag=b";
const NAMED = "sip:bob@phones.example";

const flow = (edge: string, transport: Transport = "udp", remote = PHONE): Flow => ({
  edge,
  transport,
  local: { address: `10.0.0.${edge}`, port: 5060 },
  remote,
  connection: transport === "udp" ? 0 : 7,
});
const from = flow("3", "udp", { address: "198.51.100.7", port: 5060 });
const gone = { udp: referenceTo(flow("1")), tcp: referenceTo(flow("1", "tcp")) };
const there = { udp: referenceTo(flow("2")), tcp: referenceTo(flow("2", "tcp")) };
const leaving = referenceTo(flow("4", "tcp"));

/** The edge of the dialog's flow is gone, 2 and 3 are there, 4 leaves. */
const ALL = [edgeAt("2"), edgeAt("3"), edgeAt("4", { leaving: true })];
const TCP_ONLY = ALL.map((edge) => ({
  ...edge,
  addresses: (edge.addresses ?? []).filter(({ transport }) => transport === "tcp"),
}));

const AWAY = "away";
interface Answers {
  /** The flow by which the phone has registered since. */
  readonly since?: Flow | typeof AWAY;
  /** Where the URI's name leads; none: it leads nowhere. */
  readonly hops?: readonly Address[] | typeof AWAY;
}

function asked(answers: Answers) {
  const log: string[] = [];
  const none: LocateReply = { hops: [], status: 404, reason: "Not Found", flow: undefined };
  const questions = {
    async locate(uri: string, _from: Flow, _trace: unknown, to = ""): Promise<LocateReply> {
      log.push(to === "" ? `where is ${uri}` : `since when ${to}`);
      const answer = to === "" ? answers.hops : answers.since;
      if (answer === AWAY) throw new RpcError(Code.Unavailable, "routing is away");
      if (to !== "") return { ...none, flow: answers.since && wireFlow(answer as Flow) };
      const hops = ((answer ?? []) as readonly Address[]).map((address) => ({
        transport: wireTransport("udp"),
        address,
        host: "",
      }));
      return { ...none, hops };
    },
  } as unknown as Questions;
  return { questions, log };
}

const placeText = ({ address, port }: Address) => `${address}:${port}`;
const wayText = ({ edge, transport, flow: over, remote }: Way) =>
  over ? `over ${edge} ${transport}` : `from ${edge} ${transport} to ${remote && placeText(remote)}`;
const text = (found: Found) => ("ways" in found ? found.ways.map(wayText) : [`${found.status}`]);

const literal = (place: Address) => `sip:bob@${placeText(place)}`;
const SEEN = "from 3 udp to 192.0.2.7:5062";
const INSIDE = { address: "10.9.9.9", port: 5060 };
const TO_INSIDE = "from 3 udp to 10.9.9.9:5060";
const WHO = `since when ${TO}`;
const WHERE = `where is ${NAMED}`;

interface Row {
  readonly it: string;
  readonly flow?: FlowReference | undefined;
  /** Absent: only the flow may be taken. */
  readonly uri?: string;
  readonly answers?: Answers;
  readonly edges?: typeof ALL;
  readonly goes: readonly string[];
  /** None: it is known at once. */
  readonly asks?: readonly string[];
}

const since = (edge: string, transport?: Transport): Answers => ({ since: flow(edge, transport) });

const TABLE: Readonly<Record<string, readonly Row[]>> = {
  "no flow": [
    { it: "goes where its URI leads", uri: literal(INSIDE), goes: [TO_INSIDE] },
    { it: "goes where its name leads", uri: NAMED, answers: { hops: [INSIDE] }, goes: [TO_INSIDE], asks: [WHERE] },
    { it: "is told that its name leads nowhere", uri: NAMED, goes: ["404"], asks: [WHERE] },
    { it: "goes nowhere that it may not", goes: ["480"] },
  ],
  "a flow that is there": [
    { it: "is taken, over UDP alone", flow: there.udp, uri: literal(INSIDE), goes: ["over 2 udp"] },
    { it: "is taken over TCP", flow: there.tcp, goes: ["over 2 tcp"] },
    { it: "is tried before its URI", flow: there.tcp, uri: literal(INSIDE), goes: ["over 2 tcp", TO_INSIDE] },
    { it: "is taken before its name is looked up", flow: there.tcp, uri: NAMED, goes: ["over 2 tcp"] },
    {
      it: "comes after the one that was registered since, where its edge leaves",
      flow: leaving,
      answers: since("2", "tcp"),
      goes: ["over 2 tcp", "over 4 tcp"],
      asks: [WHO],
    },
    { it: "stays, where nothing was registered since", flow: leaving, goes: ["over 4 tcp"], asks: [WHO] },
    {
      it: "stays, where nobody can be asked",
      flow: leaving,
      answers: { since: AWAY },
      goes: ["over 4 tcp"],
      asks: [WHO],
    },
  ],
  "a connection whose edge is gone": [
    {
      it: "is followed by the one that was registered since",
      flow: gone.tcp,
      answers: since("2", "tcp"),
      goes: ["over 2 tcp"],
      asks: [WHO],
    },
    { it: "else by what its URI says", flow: gone.tcp, uri: literal(INSIDE), goes: [TO_INSIDE], asks: [WHO] },
    { it: "else by nothing", flow: gone.tcp, goes: ["480"], asks: [WHO] },
    {
      it: "is not followed by one that is gone as well",
      flow: gone.tcp,
      answers: since("1", "tcp"),
      goes: ["480"],
      asks: [WHO],
    },
    {
      it: "and by an error where nobody can be asked",
      flow: gone.tcp,
      answers: { since: AWAY },
      goes: ["error"],
      asks: [WHO],
    },
  ],
  "a UDP flow whose edge is gone": [
    {
      it: "is followed by the one that was registered since",
      flow: gone.udp,
      uri: literal(INSIDE),
      answers: since("2"),
      goes: ["over 2 udp"],
      asks: [WHO],
    },
    {
      it: "by a connection, should that be what was registered",
      flow: gone.udp,
      answers: since("2", "tcp"),
      goes: ["over 2 tcp"],
      asks: [WHO],
    },
    {
      it: "else by its URI, which leads where it was seen",
      flow: gone.udp,
      uri: literal(PHONE),
      goes: [SEEN],
      asks: [WHO],
    },
    {
      it: "by its URI first, where only the port is another",
      flow: gone.udp,
      uri: "sip:bob@192.0.2.7",
      goes: ["from 3 udp to 192.0.2.7:5060", SEEN],
      asks: [WHO],
    },
    {
      it: "by where it was seen first, where its URI is behind a NAT",
      flow: gone.udp,
      uri: literal(INSIDE),
      goes: [SEEN, TO_INSIDE],
      asks: [WHO],
    },
    {
      it: "by its name, then where it was seen",
      flow: gone.udp,
      uri: NAMED,
      answers: { hops: [INSIDE] },
      goes: [TO_INSIDE, SEEN],
      asks: [WHO, WHERE],
    },
    {
      it: "by its name, which leads where it was seen",
      flow: gone.udp,
      uri: NAMED,
      answers: { hops: [PHONE] },
      goes: [SEEN],
      asks: [WHO, WHERE],
    },
    { it: "else by where it was seen", flow: gone.udp, goes: [SEEN], asks: [WHO] },
    { it: "also where nobody can be asked", flow: gone.udp, answers: { since: AWAY }, goes: [SEEN], asks: [WHO] },
    {
      it: "also where no name can be looked up",
      flow: gone.udp,
      uri: NAMED,
      answers: { since: AWAY, hops: AWAY },
      goes: [SEEN],
      asks: [WHO, WHERE],
    },
    { it: "by nothing where no edge speaks UDP", flow: gone.udp, edges: TCP_ONLY, goes: ["480"], asks: [WHO] },
    {
      it: "lives on with who has its address",
      flow: gone.udp,
      edges: [edgeAt("5", {}, { address: "10.0.0.1", port: 5060 })],
      goes: ["over 5 udp"],
    },
  ],
};

for (const [what, rows] of Object.entries(TABLE)) {
  describe(what, () => {
    for (const row of rows) {
      it(row.it, async () => {
        const { questions, log } = asked(row.answers ?? {});
        const { edges } = presence(row.edges ?? ALL);
        const way: DialogWay = { uri: row.uri ?? "sip:bob@192.0.2.99", byUri: row.uri !== undefined, flow: row.flow };
        const found = nextHop(way, TO, from, edges, questions, undefined);
        assert.equal(found instanceof Promise, row.asks !== undefined, "known at once");
        const goes = await Promise.resolve(found).then(text, () => ["error"]);
        assert.deepEqual([goes, log], [row.goes, row.asks ?? []]);
      });
    }
  });
}
