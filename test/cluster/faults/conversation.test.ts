import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Baresip, writeTone } from "@sipmesh/drivers";
import { heard } from "../../end-to-end/clients.ts";
import { busiest, kill } from "../pods.ts";
import { type Site, sharedSite } from "../site.ts";
import { commandFor, noCluster, OUTSIDE } from "../surroundings.ts";

/** Ports of the two phones, apart from SIPp's and from those of another run's. */
const PORTS = 10_000 + (process.pid % 100) * 40;

describe("two people talk", { skip: noCluster("baresip") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "sipmesh-baresip-"));
  let site: Site;
  let alice: Baresip;
  let bob: Baresip;

  const phone = (template: "a" | "b", user: string, at: number, wave?: string) =>
    new Baresip({
      template: new URL(`../../clients/baresip-${template}`, import.meta.url).pathname,
      folder: join(folder, user),
      user,
      password: "none is asked",
      server: site.remote ?? "",
      address: OUTSIDE,
      within: commandFor("outside"),
      sipPort: PORTS + at,
      // The port after that of SIP is baresip's for TLS.
      controlPort: PORTS + at + 2,
      rtpPorts: [PORTS + at + 4, PORTS + at + 14],
      answers: "auto",
      ...(wave !== undefined && { wave }),
    });

  before(async () => {
    site = await sharedSite();
    const wave = join(folder, "tone.wav");
    writeTone(wave, 1_000, 60);
    alice = phone("a", "alice", 0);
    bob = phone("b", "bob", 20, wave);
    await Promise.all([alice.registered(30_000), bob.registered(30_000)]);
  });
  after(async () => {
    await Promise.all([alice?.stop(), bob?.stop()]);
    await site?.close();
  });

  it("and go on while pods of transaction, routing, location and directory die; one hangs up, the other hears it", async () => {
    await alice.control("dial", `sip:bob@${site.remote?.split(":")[0]}`);
    await Promise.all([alice, bob].map(({ program }) => program.waitFor(/Call established/, 20_000)));
    for (const component of ["transaction", "routing", "location", "directory"])
      await kill(site.release, await busiest(site.release, component), component);
    await site.release.settled();
    await alice.control("hangup");
    await bob.program.waitFor(/session closed|terminated|Connection reset by user/i, 20_000);
  });

  it("each has heard the other", async () => {
    await heard(bob.recording("dec")[0], 400);
    await heard(alice.recording("dec")[0], 1_000);
  });
});
