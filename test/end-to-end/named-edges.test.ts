import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { missing, type Platform, startPlatform } from "@sipmesh/drivers";
import { inEveryShape } from "./shapes.ts";
import type { Dialog } from "./wire/dialog.ts";
import { type Call, Phone, type PhoneOptions, sdp } from "./wire/phone.ts";
import type { SipText } from "./wire/sip-text.ts";

/** As long as it may be; in the configuration it is written as people write it. */
const NAME = "edges.of-a-company.example.com";
const OURS = new RegExp(`^<sip:[^@]+@${NAME}(;transport=tcp)?;lr>$`);
const sentBy = "Edges.of-a-Company.example.com";
const config = { transaction: { sentBy }, routing: { media: "never" } };
/** A contact behind a router: reached by the flow that it registered by, or not at all. */
const INSIDE = "<sip:bob@10.9.9.9:5060>";

interface Edge {
  readonly address: string;
  readonly port: number;
}

/** Opens phones at an edge of their choice; they are closed after the tests. */
function phones() {
  const opened: Phone[] = [];
  after(() => {
    for (const phone of opened) phone.close();
  });
  return async (user: string, { address, port }: Edge, options: PhoneOptions = {}) => {
    const phone = await Phone.open({ address, sipPort: port }, user, options);
    opened.push(phone);
    return phone;
  };
}

const registers = async (phone: Phone, contact?: string) =>
  assert.equal((await phone.register(contact === undefined ? undefined : [contact])).status, 200);

/** A call that stands, as both ends know it. */
async function talk(caller: Phone, callee: Phone, contact = `<${callee.contact}>`) {
  const call = await caller.invite(callee.user, { body: sdp(6_000) });
  const invite = await callee.next("INVITE", call.callId);
  callee.reply(invite, 200, { body: sdp(7_000), fields: [["Contact", contact]] });
  const dialog = await call.answered();
  await callee.next("ACK", call.callId);
  for (const route of [...dialog.routes, ...callee.dialogOf(invite).routes]) assert.match(route, OURS);
  return { call, invite, caller: dialog, callee: callee.dialogOf(invite) };
}

inEveryShape("a name for all edges", { needs: [], platform: { config } }, (platform) => {
  const open = phones();
  let alice: Phone;
  let bob: Phone;

  before(async () => {
    const edge = { address: platform().address, port: platform().sipPort };
    alice = await open("alice", edge);
    bob = await open("bob", edge, { transport: "TCP" });
    await registers(bob);
  });

  const rings = async (): Promise<{ readonly call: Call; readonly invite: SipText }> => {
    const call = await alice.invite("bob");
    const invite = await bob.next("INVITE", call.callId);
    bob.reply(invite, 180);
    await call.next("180");
    return { call, invite };
  };

  it("stands in Via and Record-Route without a port, in the ACK and CANCEL as in their INVITE", async () => {
    const cancelled = await rings();
    assert.match(cancelled.invite.first("Via"), new RegExp(`^SIP/2\\.0/TCP ${NAME};`));
    assert.match(cancelled.invite.first("Record-Route"), OURS);
    cancelled.call.cancel();
    const cancel = await bob.next("CANCEL", cancelled.call.callId);
    assert.equal(cancel.first("Via"), cancelled.invite.first("Via"));
    bob.reply(cancel, 200);
    bob.reply(cancelled.invite, 487);
    const ack = await bob.next("ACK", cancelled.call.callId);
    assert.equal(ack.first("Via"), cancelled.invite.first("Via"));
    assert.equal((await cancelled.call.fails()).status, 487);
  });

  it("adds no more than 300 octets to an INVITE, as long as it may be", async () => {
    const { call, invite } = await rings();
    // The Request-URI becomes another, and credentials for us end here.
    const fields = (text: string) => text.slice(text.indexOf("\r\n")).replace(/\r\nProxy-Authorization:.*/, "");
    const added = fields(invite.text).length - fields(call.text).length;
    assert.ok(added > 200 && added <= 300, `${added} octets`);
    bob.reply(invite, 486);
    assert.equal((await call.fails()).status, 486);
  });

  it("is ours in the Route of later requests, without a port and with that of an edge", async () => {
    const { call, caller, callee } = await talk(alice, bob);
    const port = `${NAME}:${platform().sipPort}`;
    for (const route of [...caller.routes, ...caller.routes.map((one) => one.replace(NAME, port))]) {
      caller.send("INFO", { fields: [["Route", route]] });
      const info = await bob.next("INFO", call.callId);
      assert.equal(info.all("Route").length, 0);
      bob.reply(info, 200);
      assert.equal((await alice.next("final INFO", call.callId)).status, 200);
    }
    await callee.hangUp(alice);
  });

  it("is ours in the Route that a phone was given for its outbound proxy", async () => {
    const call = await alice.invite("bob", { body: sdp(6_000), fields: [["Route", `<sip:${NAME};lr>`]] });
    const invite = await bob.next("INVITE", call.callId);
    assert.equal(invite.all("Route").length, 0);
    bob.reply(invite, 486);
    assert.equal((await call.fails()).status, 486);
  });
});

describe("an edge with an address of its own dies (split)", { skip: missing("nats-server") }, () => {
  const edgeAddresses = ["127.0.0.21", "127.0.0.22"];
  const open = phones();
  let platform: Platform;
  let first: Edge;
  let second: Edge;

  before(async () => {
    // Who has the other parts is of no matter here.
    const copies = { edge: 2, transaction: 1, location: 1, routing: 1 };
    platform = await startPlatform({ shape: "split", config, edgeAddresses, copies });
    const [one, two] = edgeAddresses.map((address, at) => ({ address, port: platform.sipPorts[at] as number }));
    first = one as Edge;
    second = two as Edge;
  });
  after(async () => {
    await platform?.stop();
  });
  afterEach(async () => {
    await platform.resumeOne("edge", 0);
  });

  /** That it is dead is noticed after a while; what is sent to it until then is lost. */
  const reaches = async (own: Dialog, self: Phone, other: Phone, callId: string) => {
    await platform.until(async () => {
      own.send("INFO");
      const info = await other.next("INFO", callId, 1_000).catch(() => undefined);
      if (info === undefined) return false;
      other.reply(info, 200);
      return (await self.next("final INFO", callId)).status === 200;
    }, 15_000);
  };

  it("the caller's and the callee's later requests go by the other one", async () => {
    const alice = await open("alice", first);
    const bob = await open("bob", first);
    await registers(bob);
    const { call, caller, callee } = await talk(alice, bob);
    await platform.killOne("edge", 0);
    // As RFC 3263 leads them, by the name in Route.
    alice.talksTo(second);
    bob.talksTo(second);
    await reaches(caller, alice, bob, call.callId);
    for (const [self, own, other] of [
      [alice, caller, bob],
      [bob, callee, alice],
    ] as const) {
      own.send("INVITE", { body: sdp(6_000, "sendonly", 2) });
      other.reply(await other.next("INVITE", call.callId), 200, { body: sdp(7_000, "recvonly", 2) });
      assert.equal((await self.next("final INVITE", call.callId)).status, 200);
      own.ack();
      await other.next("ACK", call.callId);
    }
    await callee.hangUp(alice);
  });

  it("a phone behind a NAT is tried where it was seen, and by its new flow once it has registered anew", async () => {
    const alice = await open("alice", first);
    const bob = await open("bob", first);
    await registers(bob, INSIDE);
    const { call, caller } = await talk(alice, bob, INSIDE);
    await platform.killOne("edge", 0);
    alice.talksTo(second);
    bob.talksTo(second);
    await reaches(caller, alice, bob, call.callId);
    // Its NAT gives it another port.
    const again = await open("bob", second);
    await registers(again, INSIDE);
    await caller.hangUp(again);
    assert.equal(bob.heard("BYE", call.callId), 0);
  });

  it("a phone on a connection is reached by the one that it has made since", async () => {
    const alice = await open("alice", second);
    const bob = await open("bob", first, { transport: "TCP" });
    const contact = `<${bob.contact}>`;
    await registers(bob, contact);
    const { call, invite, caller } = await talk(alice, bob, contact);
    await platform.killOne("edge", 0);
    const again = await open("bob", second, { transport: "TCP" });
    await registers(again, contact);
    await reaches(caller, alice, again, call.callId);
    await again.dialogOf(invite).hangUp(alice);
  });

  it("a response whose connection is gone comes over the other one, and is passed on (RFC 3261 section 18.2.2)", async () => {
    const alice = await open("alice", second);
    const bob = await open("bob", first, { transport: "TCP" });
    const contact = `<${bob.contact}>`;
    await registers(bob, contact);
    const call = await alice.invite("bob");
    const invite = await bob.next("INVITE", call.callId);
    bob.reply(invite, 180);
    await call.next("180");
    await platform.killOne("edge", 0);
    const again = await open("bob", second, { transport: "TCP" });
    await registers(again, contact);
    const answers = () => again.reply(invite, 200, { body: sdp(7_000), fields: [["Contact", contact]] });
    answers();
    const dialog = call.dialog(await call.next("200"));
    // Its answer comes again until it hears the ACK.
    await platform.until(async () => {
      answers();
      dialog.ack();
      return again.heard("ACK", call.callId) > 0;
    }, 15_000);
    await dialog.hangUp(again);
  });
});
