import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Capture, missing } from "@sipmesh/drivers";
import { newFolder } from "./clients.ts";
import { inEveryShape } from "./shapes.ts";
import { baresipHolds } from "./stories/baresip-holds.ts";
import { besideCalls } from "./stories/beside-calls.ts";
import { forking } from "./stories/forking.ts";
import { lossy } from "./stories/lossy.ts";
import { midCall } from "./stories/mid-call.ts";
import { neighbour } from "./stories/neighbour.ts";
import { registering } from "./stories/registering.ts";
import { ringing } from "./stories/ringing.ts";
import { routes } from "./stories/routes.ts";
import { phoneShop, SITE } from "./stories/site.ts";
import { sounding } from "./stories/sound.ts";
import { strangers } from "./stories/strangers.ts";

inEveryShape("calls on one site", { needs: ["tshark"], platform: SITE }, (platform) => {
  const phones = phoneShop(platform);
  let capture: Capture;

  before(async () => {
    capture = await Capture.start({ folder: newFolder(), name: "calls", sipPorts: platform().sipPorts });
  });
  after(async () => {
    await capture?.stop();
  });

  describe("until somebody answers", () => ringing(phones));
  describe("several phones", () => forking(phones));
  describe("within a call", () => midCall(phones));
  describe("what is heard", () => sounding(phones));
  describe("beside calls", () => besideCalls(phones));
  describe("the registrar", () => registering(phones));
  describe("who may call whom", () => strangers(phones));
  describe("the ways of messages", () => routes(phones));
  describe("Kamailio next door", () => neighbour(phones));
  describe("a network that loses messages", { skip: missing("sipp") }, () => lossy(phones, () => platform().server));
  describe("two baresips", () => baresipHolds(platform));

  it("sends nothing that Wireshark calls malformed, and leaves no media session behind", async () => {
    await capture.stop();
    assert.deepEqual(await capture.malformed(platform().sipPorts), []);
    await platform().until(async () => (await platform().mediaSessions()) === 0, 5_000);
  });
});
