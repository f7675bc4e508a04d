import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Latch } from "./latch.ts";

function latch(given: string | undefined, source: string, anybody = false): Latch {
  const made = new Latch();
  made.expect({ given: given === undefined ? undefined : { address: given, port: 4000 }, source, anybody });
  return made;
}
const place = ({ address, port }: Latch) => `${address}:${port}`;

describe("symmetric RTP", () => {
  it("sends to the described place until a packet comes", () =>
    assert.equal(place(latch("192.0.2.1", "192.0.2.1")), "192.0.2.1:4000"));

  for (const [what, given, source, from, admitted] of [
    ["from the described address, another port", "192.0.2.1", "192.0.2.1", "192.0.2.1", true],
    ["from where signalling comes from: a NAT", "10.0.0.1", "203.0.113.9", "203.0.113.9", true],
    ["from elsewhere", "192.0.2.1", "192.0.2.1", "203.0.113.66", false],
    ["from elsewhere, though the described address is private", "10.0.0.1", "203.0.113.9", "203.0.113.66", false],
    ["from another private address, as in a network of several", "10.0.0.1", "10.9.0.1", "10.0.7.7", true],
    [
      "from another address of the caller's own network, where it calls from there",
      "10.0.0.1",
      "10.0.0.1",
      "10.0.0.9",
      false,
    ],
    ["from the whole world, though all that was told is private", "10.0.0.1", "10.9.0.1", "203.0.113.66", false],
    ["where nothing is known", undefined, "", "203.0.113.9", true],
    ["in another spelling", "2001:db8::1", "", "2001:DB8:0:0::1", true],
  ] as const) {
    it(`${admitted ? "learns" : "refuses"} a packet ${what}`, () => {
      const one = latch(given, source);
      assert.equal(one.admits(from, 5555), admitted);
      assert.equal(place(one), admitted ? `${from}:5555` : `${given}:4000`);
    });
  }

  it("takes anybody where it is configured so", () =>
    assert.equal(latch("192.0.2.1", "192.0.2.1", true).admits("203.0.113.66", 1), true));

  it("learns once, then refuses everybody else", () => {
    const one = latch("10.0.0.1", "203.0.113.9");
    assert.equal(one.admits("203.0.113.9", 5000), true);
    assert.equal(one.admits("203.0.113.9", 5001), false);
    assert.equal(one.admits("10.0.0.1", 4000), false);
    assert.equal(place(one), "203.0.113.9:5000");
  });

  it("learns anew after an exchange, and goes on sending to the learnt place until then", () => {
    const one = latch("10.0.0.1", "203.0.113.9");
    one.admits("203.0.113.9", 5000);
    one.expect({ given: { address: "10.0.0.1", port: 4000 }, source: "203.0.113.9", anybody: false });
    assert.equal(place(one), "203.0.113.9:5000");
    assert.equal(one.admits("203.0.113.9", 6000), true);
    assert.equal(place(one), "203.0.113.9:6000");
  });

  it("is not led back by a late packet from the place that was left", () => {
    const one = latch("192.0.2.1", "");
    one.admits("192.0.2.1", 4000);
    one.expect({ given: { address: "192.0.2.1", port: 4400 }, source: "", anybody: false });
    assert.equal(one.admits("192.0.2.1", 4000), true);
    assert.equal(place(one), "192.0.2.1:4400");
    assert.equal(one.admits("192.0.2.1", 4400), true);
    assert.equal(one.admits("192.0.2.1", 4000), false);
  });

  it("never sends to this host's loopback because a stranger says so", () => {
    assert.equal(place(latch("127.0.0.1", "192.0.2.1")), ":0");
    assert.equal(place(latch("127.0.0.1", "127.0.0.1")), "127.0.0.1:4000");
  });

  it("stops sending where the peer describes no place any more", () => {
    const one = latch("192.0.2.1", "");
    one.expect({ given: undefined, source: "", anybody: false });
    assert.equal(one.address, "");
  });

  it("goes on where another one ended, and tells of what it learns once", () => {
    let told = 0;
    const first = new Latch(() => told++);
    first.expect({ given: { address: "10.0.0.1", port: 4000 }, source: "203.0.113.9", anybody: false });
    first.admits("203.0.113.66", 5000);
    assert.equal(told, 0);
    for (let packet = 0; packet < 3; packet++) first.admits("203.0.113.9", 5000);
    assert.equal(told, 1);
    const second = latch("10.0.0.1", "203.0.113.9");
    second.takeUp(first.kept);
    assert.equal(place(second), "203.0.113.9:5000");
    assert.equal(second.admits("203.0.113.9", 5001), false);
    assert.equal(second.admits("203.0.113.9", 5000), true);
  });
});
