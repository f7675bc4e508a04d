import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { missing, type Platform, startPlatform } from "@sipmesh/drivers";
import { Phone, sdp } from "./wire/phone.ts";
import { Wire } from "./wire/wire.ts";

const GRACE = 60;
/** A contact behind a router: reached over the connection that it registered by, or not at all. */
const INSIDE = "<sip:bob@10.9.9.9:5060;transport=tcp>";

describe("an edge that leaves (split)", { skip: missing("nats-server") }, () => {
  let platform: Platform;
  const phones: Phone[] = [];

  before(async () => {
    platform = await startPlatform({
      shape: "split",
      config: {
        edge: { leave: { grace: GRACE } },
        process: { leaveTime: GRACE + 10 },
        routing: { media: "never" },
      },
    });
  });
  after(async () => {
    for (const phone of phones) phone.close();
    await platform?.stop();
  });

  const open = async (user: string, edge: number, transport: "UDP" | "TCP") => {
    const sipPort = platform.sipPorts[edge] as number;
    const phone = await Phone.open({ address: platform.address, sipPort }, user, { transport });
    phones.push(phone);
    return phone;
  };
  const registered = async (phone: Phone) => assert.equal((await phone.register([INSIDE])).status, 200);

  it("keeps its connections and takes no new ones; a call goes on over where its phone has registered since; it ends when nothing is left", async () => {
    const alice = await open("alice", 1, "UDP");
    const bob = await open("bob", 0, "TCP");
    await registered(bob);
    const call = await alice.invite("bob", { body: sdp(6_000) });
    const invite = await bob.next("INVITE", call.callId);
    bob.reply(invite, 200, { body: sdp(7_000), fields: [["Contact", INSIDE]] });
    const dialog = await call.answered();
    await bob.next("ACK", call.callId);

    const exit = platform.leave("edge", 0, (GRACE + 20) * 1_000);
    const place = { address: platform.address, port: platform.sipPorts[0] as number };
    await platform.until(async () => {
      const wire = await Wire.tcp(place).catch(() => undefined);
      wire?.close();
      return wire === undefined;
    }, 10_000);
    dialog.send("INFO");
    bob.reply(await bob.next("INFO", call.callId), 200);
    assert.equal((await alice.next("final INFO", call.callId)).status, 200, "over the connection that it has");

    // The phone comes back by another edge, and only then lets go of the old connection.
    const again = await open("bob", 1, "TCP");
    await registered(again);
    bob.close();
    dialog.send("INFO");
    again.reply(await again.next("INFO", call.callId), 200);
    assert.equal((await alice.next("final INFO", call.callId)).status, 200, "over the one that it has now");
    assert.equal(await exit, 0, "long before the grace period is over");
    dialog.send("BYE");
    again.reply(await again.next("BYE", call.callId), 200);
    assert.equal((await alice.next("final BYE", call.callId)).status, 200, "the edge is gone, the call was not");
  });

  it("a call goes on over the connection that its phone has made since the last one broke", async () => {
    const alice = await open("alice", 1, "UDP");
    const bob = await open("bob", 1, "TCP");
    await registered(bob);
    const call = await alice.invite("bob", { body: sdp(6_000) });
    const invite = await bob.next("INVITE", call.callId);
    bob.reply(invite, 200, { body: sdp(7_000), fields: [["Contact", INSIDE]] });
    const dialog = await call.answered();
    await bob.next("ACK", call.callId);
    bob.close();
    const again = await open("bob", 1, "TCP");
    await registered(again);
    dialog.send("BYE");
    again.reply(await again.next("BYE", call.callId), 200);
    assert.equal((await alice.next("final BYE", call.callId)).status, 200);
  });

  it("a phone whose edge is gone and that has not come back is not called: 480", async () => {
    const alice = await open("alice", 1, "UDP");
    const bob = await open("bob", 1, "TCP");
    await registered(bob);
    bob.close();
    const call = await alice.invite("bob");
    assert.equal((await call.fails()).status, 480);
  });

  it("over UDP a call survives the death of every edge: who has the address next has the flow", async () => {
    const inside = "<sip:bob@10.9.9.9:5060>";
    const alice = await open("alice", 1, "UDP");
    const bob = await open("bob", 1, "UDP");
    assert.equal((await bob.register([inside])).status, 200);
    const call = await alice.invite("bob", { body: sdp(6_000) });
    const invite = await bob.next("INVITE", call.callId);
    bob.reply(invite, 200, { body: sdp(7_000), fields: [["Contact", inside]] });
    const dialog = await call.answered();
    await bob.next("ACK", call.callId);
    await platform.kill("edge");
    await platform.resume("edge");
    await platform.ready();
    dialog.send("BYE");
    bob.reply(await bob.next("BYE", call.callId), 200);
    assert.equal((await alice.next("final BYE", call.callId)).status, 200);
  });
});
