import assert from "node:assert/strict";
import { test } from "node:test";
import { type Confirmed, memoryBus, Unconfirmed } from "@sipmesh/bus";
import { settled, VirtualClock } from "@sipmesh/environment/testing";
import { type Draft, noBody } from "@sipmesh/sip";
import { Sender } from "./sender.ts";
import { edgeAt, OWN, presence } from "./testing/presence.ts";

const PEER = { address: "192.0.2.7", port: 5062 };
const flow = { edge: "1", transport: "tcp", local: OWN, remote: PEER, connection: 7 } as const;
const invite: Draft = { head: "INVITE sip:bob@example.com SIP/2.0\r\n", body: noBody };
const bye: Draft = { head: "BYE sip:bob@example.com SIP/2.0\r\n", body: noBody };
const ringing: Draft = { head: "SIP/2.0 180 Ringing\r\n", body: noBody };

/** A sender whose bus gives everything up for as long as nobody listens at the edge's subject. */
function senderOverTcp() {
  const bus = memoryBus();
  const clock = new VirtualClock();
  const unconfirmed = new Unconfirmed({
    clock,
    to: "back",
    publish: (subject: string, envelope: Confirmed) => bus.publish(subject, envelope),
    addressed: () => undefined,
    limit: 10,
    lost: () => assert.fail("nothing is lost"),
  });
  const told: string[] = [];
  bus.subscribe("back", (envelope) => void (envelope.kind === "send-failure" && told.push(envelope.key)));
  const sender = new Sender(bus, "back", unconfirmed, presence([edgeAt("1", {}, OWN)]).edges);
  bus.onDrop((_subject, envelope) => sender.gaveUp(envelope));
  return { bus, clock, sender, told };
}

test("over TCP: what begins something is told when the bus gives it up, and does not leave after all; all else does", async () => {
  const { bus, clock, sender, told } = senderOverTcp();
  sender.byWay({ edge: "1", transport: "tcp", local: OWN, flow }, invite, "call-1", undefined, "downstream");
  sender.byWay({ edge: "1", transport: "tcp", local: OWN, flow }, bye, "call-1", undefined, "ending");
  sender.toFlow(flow, ringing, "call-1", { failureKey: "upstream" });
  await settled();
  assert.deepEqual(told, ["downstream", "ending", "upstream"]);
  const left: string[] = [];
  bus.subscribe("sipmesh.edge.1", (envelope) => {
    if (envelope.kind === "outbound") left.push(Buffer.from(envelope.raw).toString("latin1").slice(0, 11));
  });
  clock.run(10_000);
  await settled();
  assert.deepEqual([...new Set(left)], ["BYE sip:bob", "SIP/2.0 180"]);
});

test("an edge is told where a call's final response leaves by another one", async () => {
  const bus = memoryBus();
  const shared = presence([edgeAt("1", {}, OWN), edgeAt("2", {}, OWN)]);
  const sender = new Sender(bus, "back", {} as Unconfirmed, shared.edges);
  const first = { edge: "1", transport: "udp", local: OWN, remote: PEER, connection: 0 } as const;
  const told: unknown[] = [];
  for (const edge of ["1", "2"]) {
    bus.subscribe(`sipmesh.edge.${edge}`, (envelope) => {
      if (envelope.kind === "outbound") told.push(edge, envelope.finalElsewhere ?? false);
    });
  }
  sender.toFlow(first, ringing, "call-1");
  sender.toFlow({ ...first, edge: "2" }, ringing, "call-1", { final: first });
  await settled();
  assert.deepEqual(told.splice(0), ["1", false, "2", true]);
  shared.become(edgeAt("2", {}, OWN));
  sender.toFlow({ ...first, edge: "2" }, ringing, "call-1", { final: first });
  await settled();
  assert.deepEqual(told, ["2", false], "the first edge is gone: it leaves by this one");
});
