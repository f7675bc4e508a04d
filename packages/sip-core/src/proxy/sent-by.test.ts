import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Flow, fromDraft, Name, type Request, type Transport } from "@sipmesh/sip";
import { callerFlow, ProxyStage, phone, testTools } from "../testing/proxy-stage.ts";
import { requestOf } from "../testing/stage.ts";
import type { ProxyTools } from "./response-context.ts";
import { forwardAck, routeAck } from "./stateless.ts";
import type { Target } from "./target.ts";

const NAME = "edges.example.com";
const named: ProxyTools = { ...testTools, sentBy: NAME };
const via = "SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK776asdhds;received=198.51.100.7;rport=5060";
const invite = requestOf("INVITE", { via, headers: [["Contact", "<sip:alice@10.0.0.7>"]] });

const flow = (transport: Transport, local: string): Flow => ({
  ...callerFlow,
  transport,
  local: { address: local, port: 5060 },
  connection: transport === "udp" ? 0 : 7,
});
/** A phone that has registered over a flow. */
const registered = (transport: Transport, local = "192.0.2.1"): Target => {
  const over = flow(transport, local);
  return phone(1, { uri: invite.uri, ways: [{ edge: over.edge, transport, local: over.local, flow: over }] });
};
const sentBy = (request: Request) => request.first(Name.Via)?.split(";")[0];
const recorded = (message: Pick<Request, "first">) => message.first(Name.RecordRoute)?.replace(/sip:[^@]+@/, "sip:…@");
const sent = (stage: ProxyStage, method: string) =>
  stage.requests.find((one) => one.method === method)?.message ?? assert.fail(`no ${method}`);

describe("where peers are told to send", () => {
  for (const [transport, local, name, viaHost, route] of [
    ["udp", "192.0.2.1", undefined, "SIP/2.0/UDP 192.0.2.1:5060", "<sip:…@192.0.2.1:5060;lr>"],
    ["udp", "192.0.2.1", NAME, `SIP/2.0/UDP ${NAME}`, `<sip:…@${NAME};lr>`],
    ["tcp", "192.0.2.1", NAME, `SIP/2.0/TCP ${NAME}`, `<sip:…@${NAME};transport=tcp;lr>`],
    ["tcp", "2001:db8::1", undefined, "SIP/2.0/TCP [2001:db8::1]:5060", "<sip:…@[2001:db8::1]:5060;transport=tcp;lr>"],
    ["tcp", "2001:db8::1", NAME, `SIP/2.0/TCP ${NAME}`, `<sip:…@${NAME};transport=tcp;lr>`],
  ] as const) {
    it(`${name ?? "an address"}, over ${transport} from ${local}`, () => {
      const stage = new ProxyStage(invite, { tools: { ...testTools, sentBy: name } });
      const there = sent(stage.goes([registered(transport, local)]), "INVITE");
      assert.deepEqual([sentBy(there), recorded(there)], [viaHost, route]);
    });
  }

  it("the caller is shown the same name, with the transport that it came by", () => {
    const stage = new ProxyStage(invite, { tools: named }).goes([registered("tcp")]);
    stage.answers(0, 200, { recordRoute: true });
    const shown = fromDraft(stage.upstream[0]?.message ?? assert.fail());
    assert.equal(recorded(shown), `<sip:…@${NAME};lr>`);
  });

  it("two edges of one name are one: nothing is rewritten on the way back", () => {
    const stage = new ProxyStage(invite, { tools: named }).goes([registered("udp", "192.0.2.2")]);
    assert.equal(stage.context.branches[0]?.recordRoute, undefined);
  });

  it("the ACK for a 2xx goes under the name as well", () => {
    const stage = new ProxyStage(invite, { tools: named }).goes([registered("udp")]);
    const route = [sent(stage, "INVITE").first(Name.RecordRoute) ?? ""];
    const ack = requestOf("ACK", { via, route, to: "Bob <sip:bob@biloxi.com>;tag=bob" });
    const where = routeAck(ack, callerFlow.remote.address, named);
    assert.ok(typeof where === "object");
    const way = registered("udp").ways[0] ?? assert.fail();
    const there = fromDraft(forwardAck(ack, callerFlow, where, way, named)) as Request;
    assert.equal(sentBy(there), `SIP/2.0/UDP ${NAME}`);
  });
});

describe("CANCEL, and the ACK for a refusal, have the Via of their INVITE (RFC 3261 sections 9.1 and 17.1.1.3)", () => {
  // Who goes on with a call may have been told another name, or none.
  for (const [before, after] of [
    [named, named],
    [named, testTools],
    [testTools, named],
  ] as const) {
    it(`sent as ${before.sentBy ?? "an address"}, gone on with as ${after.sentBy ?? "an address"}`, () => {
      const first = new ProxyStage(invite, { tools: before }).goes([phone(1)]).answers(0, 180);
      const stage = first.takenOver(after);
      stage.event({ type: "cancel", message: requestOf("CANCEL", { via }), flow: callerFlow }).answers(0, 487);
      const said = sent(stage, "INVITE").first(Name.Via);
      assert.deepEqual([sent(stage, "CANCEL").first(Name.Via), sent(stage, "ACK").first(Name.Via)], [said, said]);
    });
  }
});

describe("an INVITE grows by 300 bytes at most, with a name of 30 characters (the configuration allows no more)", () => {
  /** Tokens as long as those of the real sealer. */
  const seal = (content: Uint8Array) => "A".repeat(Math.ceil(((content.length + 17) * 4) / 3));
  const tools: ProxyTools = {
    ...testTools,
    sealer: { ...testTools.sealer, seal },
    sentBy: "edges.of-a-company.example.com",
  };
  /** What the edge adds to the caller's Via: `rport` is there. */
  const source = "=65535;received=255.255.255.255".length;

  for (const caller of ["udp", "tcp"] as const) {
    for (const callee of ["udp", "tcp"] as const) {
      it(`from ${caller} to ${callee}`, () => {
        const stage = new ProxyStage(invite, { tools, flow: flow(caller, "192.0.2.1") });
        const there = sent(stage.goes([registered(callee)], { media: "always", vouched: true }), "INVITE");
        const added = there.head.length - invite.head.length + source;
        assert.ok(added <= 300, `${added} bytes`);
      });
    }
  }
});
